package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage/repository"
)

// fileStore is all that Fyne's own store of files can do.
type fileStore interface {
	repository.WritableRepository
	repository.AppendableRepository
	repository.HierarchicalRepository
	repository.ListableRepository
	repository.DeleteAllRepository
	repository.CopyableRepository
	repository.MovableRepository
}

// wholeFiles is Fyne's store of files, except that asking for a writer does not empty the file yet. Fyne's dialog for saving
// asks for one as soon as a person has chosen a file: a save that then fails, for want of room or because its source is
// gone, would have cost the file that was there. Loam takes only the path from the dialog, and writes beside the file before
// it takes its place.
type wholeFiles struct{ fileStore }

// keepFilesWhole puts wholeFiles in the place of Fyne's store.
func keepFilesWhole() {
	r, err := repository.ForScheme("file")
	if err != nil {
		return // no files, no dialogs
	}
	if _, done := r.(wholeFiles); done {
		return
	}
	if s, ok := r.(fileStore); ok {
		repository.Register("file", wholeFiles{s})
	}
}

// Writer implements repository.WritableRepository.
func (s wholeFiles) Writer(u fyne.URI) (fyne.URIWriteCloser, error) {
	return &lateWriter{store: s.fileStore, uri: u}, nil
}

// lateWriter opens its file, and so empties it, when something is written.
type lateWriter struct {
	store fileStore
	uri   fyne.URI
	to    fyne.URIWriteCloser // nil = not opened
}

// URI implements fyne.URIWriteCloser.
func (w *lateWriter) URI() fyne.URI { return w.uri }

// Write implements io.Writer.
func (w *lateWriter) Write(b []byte) (int, error) {
	if w.to == nil {
		to, err := w.store.Writer(w.uri)
		if err != nil {
			return 0, err
		}
		w.to = to
	}
	return w.to.Write(b)
}

// Close implements io.Closer.
func (w *lateWriter) Close() error {
	if w.to == nil {
		return nil
	}
	return w.to.Close()
}
