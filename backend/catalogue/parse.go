package catalogue

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"loam/backend"
)

// Bounds of a catalogue. They are far above what a person would write.
const (
	MaxBytes   = 4 << 20
	maxModels  = 5000
	maxFiles   = 64
	maxName    = 120 // letters
	maxText    = 600
	maxWords   = 64
	maxSize    = 1 << 46 // bytes of a file
	maxNumbers = 1 << 50 // parameters
)

var (
	idForm       = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,79}$`)
	repoForm     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}$`)
	revisionForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$`)
	dateForm     = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
)

// ErrNoCatalogue is a file that is not meant to be one.
var ErrNoCatalogue = errors.New("it is not a catalogue of models")

// Parse reads a catalogue. A whole that cannot be read is an error that names the place; a single model that breaks a
// rule is too, so that whoever writes a catalogue hears of it, except where its kind is one that a newer Loam may know:
// such a model is left out and counted.
func Parse(b []byte) (Catalogue, error) {
	if len(b) > MaxBytes {
		return Catalogue{}, fmt.Errorf("read a catalogue: it has more than %d MB", MaxBytes>>20)
	}
	var head struct {
		Schema int             `json:"schema"`
		Models json.RawMessage `json:"models"`
	}
	if err := json.Unmarshal(b, &head); err != nil || head.Schema == 0 || len(head.Models) == 0 {
		return Catalogue{}, fmt.Errorf("read a catalogue: %w", ErrNoCatalogue)
	}
	if head.Schema != Schema {
		return Catalogue{}, fmt.Errorf("read a catalogue: it has the format %d, and this Loam reads format %d", head.Schema, Schema)
	}
	var c Catalogue
	if err := json.Unmarshal(b, &c); err != nil {
		return Catalogue{}, fmt.Errorf("read a catalogue: %w", plainJSON(err))
	}
	if err := c.check(); err != nil {
		return Catalogue{}, fmt.Errorf("read a catalogue: %w", err)
	}
	return c, nil
}

func (c *Catalogue) check() error {
	if len(c.Models) > maxModels {
		return fmt.Errorf("it lists %d models, more than %d", len(c.Models), maxModels)
	}
	if err := first(
		text("name", c.Name, 1, maxName), text("publisher", c.Publisher, 0, maxName), text("note", c.Note, 0, maxText), address("homepage", c.Homepage),
	); err != nil {
		return err
	}
	if c.Updated != "" && !dateForm.MatchString(c.Updated) {
		return fmt.Errorf("updated is %.20q, not a date such as 2026-11-23", c.Updated)
	}
	kept := c.Models[:0]
	seen := map[string]bool{}
	for i, e := range c.Models {
		if err := e.check(); err != nil {
			return fmt.Errorf("model %d (%.80q): %w", i+1, e.ID, err)
		}
		if seen[e.ID] {
			return fmt.Errorf("model %d: the id %q stands twice", i+1, e.ID)
		}
		seen[e.ID] = true
		if !knownKind(e.Kind) {
			c.Dropped++
			continue
		}
		e.Catalogue = c.Name
		kept = append(kept, e)
	}
	c.Models = kept
	return nil
}

func (e *Entry) check() error {
	if !idForm.MatchString(e.ID) {
		return errors.New("its id has other letters than a-z, 0-9, dots, hyphens and underscores, or too many")
	}
	if !repoForm.MatchString(e.Repo) || strings.Contains(e.Repo, "..") {
		return fmt.Errorf("repo is %.80q, not a name such as owner/model", e.Repo)
	}
	if e.Revision != "" && (!revisionForm.MatchString(e.Revision) || strings.Contains(e.Revision, "..")) {
		return fmt.Errorf("revision is %.80q, not a branch, tag or commit", e.Revision)
	}
	if err := first(
		text("name", e.Name, 1, maxName), text("kind", string(e.Kind), 1, 40), text("family", e.Family, 0, 40),
		text("publisher", e.Publisher, 0, maxName), text("quant", e.Quant, 0, 40), text("license", e.License, 1, maxName),
		text("good_for", e.GoodFor, 1, maxText), text("base", e.Base, 0, 40), address("license_url", e.LicenseURL),
	); err != nil {
		return err
	}
	if len(e.Triggers) > maxWords {
		return fmt.Errorf("it has more than %d triggers", maxWords)
	}
	for _, t := range e.Triggers {
		if err := text("triggers", t, 1, maxName); err != nil {
			return err
		}
	}
	if bad(e.Parameters, maxNumbers) || bad(e.Active, maxNumbers) || bad(e.MinMemory, maxSize) || bad(int64(e.Context), 1<<30) || bad(int64(e.Rank), 1<<20) {
		return errors.New("one of its numbers is below zero or beyond reason")
	}
	if e.Active > e.Parameters {
		return errors.New("more of its parameters are active than it has")
	}
	if len(e.Files) == 0 || len(e.Files) > maxFiles {
		return fmt.Errorf("it has %d files; 1 to %d are right", len(e.Files), maxFiles)
	}
	paths := map[string]bool{}
	for i := range e.Files {
		f := &e.Files[i]
		if err := f.check(); err != nil {
			return err
		}
		at := e.RepoOf(*f) + ":" + f.Path
		if paths[at] {
			return fmt.Errorf("the file %q stands twice", f.Path)
		}
		paths[at] = true
	}
	return nil
}

func (f *File) check() error {
	if err := first(text("path", f.Path, 1, 400), text("role", f.Role, 0, 40)); err != nil {
		return err
	}
	if f.Repo != "" && (!repoForm.MatchString(f.Repo) || strings.Contains(f.Repo, "..")) {
		return fmt.Errorf("repo is %.80q, not a name such as owner/model", f.Repo)
	}
	if path.IsAbs(f.Path) || path.Clean(f.Path) != f.Path || f.Path == ".." || strings.HasPrefix(f.Path, "../") || strings.ContainsAny(f.Path, `\:*?"<>|`) {
		return fmt.Errorf("path is %.80q, not a file inside a repository", f.Path)
	}
	if bad(f.SizeBytes, maxSize) {
		return fmt.Errorf("the size of %.80q is below zero or beyond reason", f.Path)
	}
	if f.SHA256 != "" {
		if sum, err := hex.DecodeString(f.SHA256); err != nil || len(sum) != 32 {
			return fmt.Errorf("sha256 of %.80q is not 64 hexadecimal digits", f.Path)
		}
		f.SHA256 = strings.ToLower(f.SHA256)
	}
	return nil
}

func bad(n, most int64) bool { return n < 0 || n > most }

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// text checks a word or a sentence: nothing that moves a cursor or turns the direction of writing.
func text(field, s string, least, most int) error {
	n := utf8.RuneCountInString(s)
	if n < least {
		return fmt.Errorf("%s is missing", field)
	}
	if n > most {
		return fmt.Errorf("%s has more than %d letters", field, most)
	}
	if strings.ContainsFunc(s, func(r rune) bool {
		return r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
	}) {
		return fmt.Errorf("%s has letters that cannot be shown", field)
	}
	return nil
}

func address(field, s string) error {
	if s == "" {
		return nil
	}
	if err := text(field, s, 1, 400); err != nil {
		return err
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return fmt.Errorf("%s is not an https address", field)
	}
	return nil
}

func knownKind(k backend.ModelKind) bool {
	switch k {
	case backend.KindChat, backend.KindAdapter, backend.KindProjector, backend.KindEmbedding, backend.KindDiffusion, backend.KindTextEncoder,
		backend.KindVAE, backend.KindLoRA, backend.KindControlNet, backend.KindUpscaler, backend.KindReranker, backend.KindGuard,
		backend.KindTextual, backend.KindImageAdapter:
		return true
	case backend.KindUnknown:
	}
	return false
}

// plainJSON says where a catalogue is wrong without the decoder's own words for types.
func plainJSON(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("the value of %q is of the wrong kind (at byte %d)", kind.Field, kind.Offset)
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("it is not well-formed JSON (at byte %d)", syntax.Offset)
	}
	return err
}
