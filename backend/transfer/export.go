package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"loam/backend"
	"loam/store"
)

// Format is how chats are written.
type Format string

// The formats.
const (
	JSONL    Format = "jsonl" // all that is known; can be imported
	Markdown Format = "md"    // the branch that is shown, for reading and for other programs
	HTML     Format = "html"  // the branch that is shown, for any browser; one file with its pictures in it
	// Training is data to train a model with: the replies that have a thumb up or were edited, on whatever branch, each with
	// what was said before it. It cannot be imported.
	Training Format = "training"
)

// Formats are all formats, the lossless one first.
var Formats = []Format{JSONL, Markdown, HTML, Training}

// ending is how files of the format end.
func (f Format) ending() string {
	if f == Training {
		f = JSONL
	}
	return "." + string(f)
}

// single says whether one file of the format holds any number of chats.
func (f Format) single() bool { return f == JSONL || f == Training }

// zipEnding of a path asks for everything in one archive.
const zipEnding = ".zip"

// ExportOptions says what to write where.
type ExportOptions struct {
	Format Format
	Chats  []int64 // nil = all that are not in the trash
	// Path is the file to write. One that is there is replaced. With the ending .zip it is an archive. Several chats as
	// Markdown or HTML go to a file each, in a folder of this name, which must not be there. A folder that is there gets
	// the export inside it, under a name of its own.
	Path     string
	Progress func(Progress) // may be nil
}

// Exported is what was written.
type Exported struct {
	Path            string // of the file or folder
	Chats, Messages int
	Replies         int // Training: lines
	Pictures        int
	Missing         int // pictures and attachments of these chats whose files are gone
}

// Export writes chats. backend.ErrDiskFull, ErrExists and *CannotWrite come from the place, ErrNoTraining from the chats; after an error or the end of ctx
// nothing is there that was not there before.
func (s *Service) Export(ctx context.Context, o ExportOptions) (Exported, error) {
	e, err := s.export(ctx, o, func(e *export) (target, error) { return e.target(o.Path) })
	if err != nil {
		return Exported{}, fmt.Errorf("export chats: %w", err)
	}
	return e, nil
}

// Write writes chats to a stream, without pictures but for those inside HTML. Only JSONL and Training can hold several chats.
func (s *Service) Write(ctx context.Context, w io.Writer, o ExportOptions) (Exported, error) {
	e, err := s.export(ctx, o, func(e *export) (target, error) {
		if e.each() {
			return nil, fmt.Errorf("%d chats as %s need a file each", len(e.chats), o.Format)
		}
		return streamTarget{w}, nil
	})
	if err != nil {
		return Exported{}, fmt.Errorf("export chats: %w", err)
	}
	return e, nil
}

// export is one call of Export.
type export struct {
	*Service
	ExportOptions
	chats  []backend.Chat
	models modelTable
	to     target
	stream bool
	done   Exported
	names  names

	sources map[int64]string // hashes of pictures by ID
	media   []string         // hashes of the pictures that go along, in order
	taken   map[string]bool  // those of them
	files   []string         // hashes of the attachments and their texts that go along, in order
}

func (s *Service) export(ctx context.Context, o ExportOptions, open func(*export) (target, error)) (_ Exported, err error) {
	if !slices.Contains(Formats, o.Format) {
		return Exported{}, fmt.Errorf("the format %q is not known", o.Format)
	}
	e := &export{Service: s, ExportOptions: o, names: names{}, taken: map[string]bool{}, sources: map[int64]string{}}
	if e.models, err = s.models(ctx); err != nil {
		return Exported{}, err
	}
	if e.chats, err = e.wanted(ctx); err != nil {
		return Exported{}, err
	}
	pictures, err := s.d.Store.Pictures(ctx, 0, 0)
	if err != nil {
		return Exported{}, err
	}
	for _, p := range pictures {
		e.sources[p.ID] = p.SHA256
	}
	if e.to, err = open(e); err != nil {
		return Exported{}, err
	}
	_, e.stream = e.to.(streamTarget)
	defer func() {
		if err != nil {
			e.to.abort()
		}
	}()
	if err := e.write(ctx); err != nil {
		return Exported{}, err
	}
	if err := ctx.Err(); err != nil {
		return Exported{}, err
	}
	if err := e.to.commit(); err != nil {
		return Exported{}, e.placed(err)
	}
	e.done.Path = e.to.path()
	return e.done, nil
}

// wanted are the chats to write, the oldest first.
func (e *export) wanted(ctx context.Context) ([]backend.Chat, error) {
	if e.Chats == nil {
		list, err := e.d.Store.Chats(ctx, store.ChatQuery{})
		slices.SortFunc(list, func(a, b backend.Chat) int { return int(a.ID - b.ID) })
		return list, err
	}
	var list []backend.Chat
	for _, id := range e.Chats {
		err := e.d.Store.ReadTree(ctx, id, store.TreeReader{
			Chat:    func(c backend.Chat, _ backend.Draft, _ []int64) error { list = append(list, c); return errEnough },
			Message: func(store.TreeMessage) error { return errEnough },
		})
		if err != nil && !errors.Is(err, errEnough) {
			return nil, err
		}
	}
	return list, nil
}

// errEnough ends a reading that has all it wants.
var errEnough = errors.New("enough")

// each says whether every chat gets a file of its own.
func (e *export) each() bool { return !e.Format.single() && (e.Chats == nil || len(e.chats) != 1) }

// target opens the place that a path names.
func (e *export) target(path string) (target, error) {
	if path == "" {
		return nil, errors.New("no place to write to was given")
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		path = e.inside(path)
	case err == nil && !info.Mode().IsRegular():
		return nil, &CannotWrite{Path: path, Err: errors.New("it is no ordinary file")}
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, writeError(path, err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, writeError(path, err)
	}
	var to target
	switch {
	case strings.EqualFold(filepath.Ext(path), zipEnding):
		to, err = newZipTarget(path, e.d.Now())
	case e.each():
		to, err = newFolderTarget(path)
	default:
		to = &fileTarget{to: path}
	}
	if errors.Is(err, ErrExists) {
		return nil, err
	}
	return to, writeError(path, err)
}

// inside is a free name for the export in a folder.
func (e *export) inside(dir string) string {
	stem, ending := "Loam chats "+e.d.Now().Format("2006-01-02"), e.Format.ending()
	if e.Format == Training {
		stem = "Loam training " + e.d.Now().Format("2006-01-02")
	}
	if e.each() {
		ending = ""
	}
	if len(e.chats) == 1 && e.Chats != nil {
		stem = fileStem(e.chats[0].Title)
		if e.Format == Training {
			stem += " training"
		}
	}
	name := stem + ending
	for i := 2; ; i++ {
		path := filepath.Join(dir, name)
		if _, err := os.Lstat(path); err != nil {
			return path
		}
		name = stem + " (" + itoa(i) + ")" + ending
	}
}

// placed says of an error while writing where it happened.
func (e *export) placed(err error) error {
	if errors.Is(err, backend.ErrDiskFull) || e.stream {
		return err
	}
	return writeError(e.to.path(), err)
}

// next begins a file.
func (e *export) next(name string) (io.Writer, error) {
	w, err := e.to.next(name)
	if err != nil {
		return nil, e.placed(err)
	}
	return failing{w, e}, nil
}

// failing marks what goes wrong while writing, to tell it from what goes wrong while reading the store.
type failing struct {
	w io.Writer
	e *export
}

func (f failing) Write(b []byte) (int, error) {
	n, err := f.w.Write(b)
	if err != nil {
		err = f.e.placed(err)
	}
	return n, err
}

func (e *export) write(ctx context.Context) error {
	if e.Format == Training {
		return e.writeTraining(ctx)
	}
	if e.Format == JSONL {
		if err := e.writeJSONL(ctx); err != nil {
			return err
		}
		return e.writeMedia(ctx)
	}
	var index []indexEntry
	for i, c := range e.chats {
		name := e.names.unique(c.Created.Local().Format("2006-01-02 ")+fileStem(c.Title), e.Format.ending())
		if err := e.writePage(ctx, name, c); gone(err) && e.Chats == nil {
			continue // removed for good since the list was read
		} else if err != nil {
			return err
		}
		index = append(index, indexEntry{name: name, chat: c})
		e.wrote(i, c)
	}
	if e.Format == HTML && e.each() {
		if err := e.writeIndex(index); err != nil {
			return err
		}
	}
	return e.writeMedia(ctx)
}

// gone says that a chat is not there any more.
func gone(err error) bool { return errors.Is(err, backend.ErrNotFound) }

// wrote counts a chat that is written.
func (e *export) wrote(i int, c backend.Chat) {
	e.done.Chats++
	tell(e.Progress, Progress{Chats: i + 1, Total: len(e.chats), Title: c.Title})
}

// take notes that a picture goes along.
func (e *export) take(p backend.Picture) {
	if !e.taken[p.SHA256] {
		e.taken[p.SHA256] = true
		e.media = append(e.media, p.SHA256)
	}
}

// takeFiles notes that attachments go along.
func (e *export) takeFiles(list []backend.Attachment) {
	for _, a := range list {
		for _, sum := range []string{a.SHA256, a.Text} {
			if !e.taken[sum] {
				e.taken[sum] = true
				e.files = append(e.files, sum)
			}
		}
	}
}

// picture opens the file of a picture; nil where it is gone.
func (e *export) picture(sha string) *os.File {
	f, err := os.Open(filepath.Join(e.d.Pictures, sha+".png"))
	if err != nil {
		e.done.Missing++
		return nil
	}
	e.done.Pictures++
	return f
}

// writeMedia copies the pictures that the files name.
func (e *export) writeMedia(ctx context.Context) error {
	if e.stream || e.Format == HTML {
		return nil
	}
	for _, sha := range e.media {
		if err := e.copyPicture(ctx, sha); err != nil {
			return err
		}
	}
	for _, sum := range e.files {
		if err := e.copyFile(sum); err != nil {
			return err
		}
	}
	return nil
}

// copyFile writes an attachment or its text.
func (e *export) copyFile(sum string) error {
	if e.d.Files == nil {
		return nil
	}
	data, err := e.d.Files.Get(sum)
	if err != nil {
		e.done.Missing++
		return nil //nolint:nilerr // it is counted
	}
	w, err := e.next(mediaFolder + sum)
	if err == nil {
		_, err = w.Write(data)
	}
	return err
}

func (e *export) copyPicture(ctx context.Context, sha string) error {
	f := e.picture(sha)
	if f == nil {
		return nil
	}
	defer f.Close()
	w, err := e.next(mediaFolder + sha + ".png")
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, reader(ctx, f)); err != nil {
		return err
	}
	return nil
}

// reader reads until the context ends.
func reader(ctx context.Context, r io.Reader) io.Reader { return contextReader{ctx, r} }

type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r contextReader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}
