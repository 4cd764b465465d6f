// Package macos holds the script that makes Loam.app, and a test of what that can be looked at on any system: the bundle's
// layout, its Info.plist and its icon. Nothing imports it.
package macos
