package catalogue

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"loam/backend"
)

// maxCatalogues is how many files of the folder are read.
const maxCatalogues = 50

// Shelf holds the catalogue that came with the program and those in a folder, one file each.
type Shelf struct {
	builtin Catalogue
	dir     string

	mu sync.Mutex // one change of the folder at a time
}

// NewShelf reads the built-in catalogue; the folder need not be there. Without a built-in one (nil) the shelf has only
// what people put there.
func NewShelf(builtin []byte, dir string) (*Shelf, error) {
	s := &Shelf{dir: dir}
	if builtin == nil {
		return s, nil
	}
	c, err := Parse(builtin)
	if err != nil {
		return nil, fmt.Errorf("the catalogue that comes with Loam: %w", err)
	}
	s.builtin = c
	return s, nil
}

// All reads the catalogues, the built-in one first, then by name. A file that cannot be read is an error beside the others.
func (s *Shelf) All() ([]Catalogue, error) {
	var list []Catalogue
	var errs []error
	names, err := filepath.Glob(filepath.Join(s.dir, "*.json"))
	if err == nil && s.dir != "" {
		for _, name := range names[:min(len(names), maxCatalogues)] {
			c, err := read(name)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			list = append(list, c)
		}
	}
	backend.SortByName(list, func(c Catalogue) string { return c.Name })
	if s.builtin.Schema != 0 {
		list = append([]Catalogue{s.builtin}, list...)
	}
	return list, errors.Join(errs...)
}

// Models lists the entries of all catalogues, those of people first: whoever added one wants to see it.
func (s *Shelf) Models() ([]Entry, error) {
	list, err := s.All()
	var models []Entry
	for _, c := range list {
		if c.File != "" {
			models = append(models, c.Models...)
		}
	}
	for _, c := range list {
		if c.File == "" {
			models = append(models, c.Models...)
		}
	}
	return models, err
}

// Add takes a copy of a catalogue into the folder. One of the same name is replaced, so that a firm can send a new one.
func (s *Shelf) Add(file string) (Catalogue, error) {
	b, err := readBounded(file)
	if err != nil {
		return Catalogue{}, err
	}
	c, err := Parse(b)
	if err != nil {
		return Catalogue{}, &backend.BadFile{Path: file, Reason: strings.TrimPrefix(err.Error(), "read a catalogue: ")}
	}
	if strings.EqualFold(c.Name, s.builtin.Name) {
		return Catalogue{}, &backend.BadFile{Path: file, Reason: fmt.Sprintf("it calls itself %q, as the catalogue that comes with Loam does: give it another name", c.Name)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.File = filepath.Join(s.dir, fileName(c.Name))
	if err := write(c.File, b); err != nil {
		return Catalogue{}, fmt.Errorf("add the catalogue %s: %w", c.Name, err)
	}
	return c, nil
}

// ErrNotThere is a catalogue that nobody added.
var ErrNotThere = errors.New("there is no such catalogue")

// Remove takes a catalogue away that was added, and returns the way back.
func (s *Shelf) Remove(name string) (undo func() error, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list, _ := s.All() // others may be broken
	i := slices.IndexFunc(list, func(c Catalogue) bool { return c.File != "" && strings.EqualFold(c.Name, name) })
	if i < 0 {
		return nil, fmt.Errorf("remove the catalogue %q: %w", name, ErrNotThere)
	}
	file := list[i].File
	b, err := readBounded(file)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file); err != nil {
		return nil, fmt.Errorf("remove the catalogue %s: %w", name, err)
	}
	return func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		return write(file, b)
	}, nil
}

func read(file string) (Catalogue, error) {
	b, err := readBounded(file)
	if err != nil {
		return Catalogue{}, err
	}
	c, err := Parse(b)
	if err != nil {
		return Catalogue{}, &backend.BadFile{Path: file, Reason: strings.TrimPrefix(err.Error(), "read a catalogue: ")}
	}
	c.File = file
	return c, nil
}

// readBounded reads a regular file of a size that a catalogue may have.
func readBounded(file string) ([]byte, error) {
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return nil, &backend.BadFile{Path: file, Reason: "it is not a file"}
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the catalogue %s: %w", filepath.Base(file), err)
	}
	return b, nil
}

// write puts a file in place whole or not at all.
func write(file string, b []byte) (err error) {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}

// fileName makes a file name of a catalogue's name, the same for the same name.
func fileName(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case r < 128:
			b.WriteByte('-')
		default:
			fmt.Fprintf(&b, "%x", r)
		}
	}
	s := strings.Trim(b.String(), "-")
	if s == "" {
		s = "catalogue"
	}
	return s[:min(len(s), 100)] + ".json"
}

// IsCatalogue says whether a file looks like one, by its beginning: for whoever has to say what a dropped file is.
func IsCatalogue(file string) bool {
	if !strings.EqualFold(filepath.Ext(file), ".json") {
		return false
	}
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() > MaxBytes {
		return false
	}
	b, err := readBounded(file)
	if err != nil {
		return false
	}
	_, err = Parse(b)
	return err == nil || !errors.Is(err, ErrNoCatalogue) && !errors.Is(err, fs.ErrNotExist)
}
