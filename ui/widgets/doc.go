// Package widgets holds the controls of the window: buttons, fields, rows, cards, banners, meters and the virtual list.
// The pages and dialogs build everything from them, so that the window has one manner. They take colours and sizes
// from the theme by name and know nothing of chats or models.
//
// All of it belongs to the goroutine of the window: no method may be called from another one. Nothing here starts a
// goroutine or a timer.
package widgets
