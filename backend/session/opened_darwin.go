package session

import "github.com/ebitengine/purego/objc"

// opened is the answer to "did you open them": NSApplicationDelegateReplySuccess.
const opened = 0

// listenOpened gives the window library's application delegate the method by which AppKit passes files, which it lacks: a double-click
// in Finder, "Open with" and a drop on the icon in the Dock call it on the main thread, of a process that has just been started too.
func listenOpened(add func(paths []string)) {
	delegate := objc.GetClass("GLFWApplicationDelegate")
	if delegate == 0 {
		return // another window library, or none: AppKit tells the person that nothing was opened
	}
	var (
		count = objc.RegisterName("count")
		at    = objc.RegisterName("objectAtIndex:")
		path  = objc.RegisterName("fileSystemRepresentation")
		reply = objc.RegisterName("replyToOpenOrPrint:")
	)
	open := objc.NewIMP(func(_ objc.ID, _ objc.SEL, app, files objc.ID) {
		var paths []string
		for i := range objc.Send[uint](files, count) {
			paths = append(paths, objc.Send[string](files.Send(at, i), path))
		}
		add(paths)
		app.Send(reply, opened)
	})
	delegate.AddMethod(objc.RegisterName("application:openFiles:"), open, "v@:@@")
}
