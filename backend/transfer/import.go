package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"loam/backend"
	"loam/backend/attach"
	"loam/store"
)

// Contents is what a file, archive or folder holds.
type Contents struct {
	Path    string
	Program Program // that wrote the first chat
	New     int     // chats that are not here yet
	There   int     // chats all of whose messages are here already
	Newer   int     // of New: chats that are here with other messages, and would stand beside those
	Titles  []string
	First   time.Time // when the first chat began; zero = not known
	Last    time.Time // when the last one changed
	Problems
}

// maxTitles is how many titles Contents tells.
const maxTitles = 3

// Inspect says what could be imported, without importing it. ErrNotChats: there are no chats in it.
func (s *Service) Inspect(ctx context.Context, path string, progress func(Progress)) (Contents, error) {
	c := Contents{Path: path}
	err := s.read(ctx, path, &c.Program, &c.Problems, func(k *known, f *found) error {
		verdict, err := k.look(ctx, f)
		if err != nil {
			return err
		}
		c.count(verdict)
		if len(c.Titles) < maxTitles {
			c.Titles = append(c.Titles, s.title(f))
		}
		if t := f.Chat.Created; !t.IsZero() && (c.First.IsZero() || t.Before(c.First)) {
			c.First = t
		}
		if t := f.Chat.Updated; t.After(c.Last) {
			c.Last = t
		}
		tell(progress, Progress{Chats: c.New + c.There, Title: s.title(f)})
		return nil
	})
	if err != nil {
		return c, fmt.Errorf("look for chats: %w", named(path, err))
	}
	return c, nil
}

func (c *Contents) count(v verdict) {
	switch v {
	case isThere:
		c.There++
	case isNewer:
		c.New++
		c.Newer++
	case isNew:
		c.New++
	}
}

// ImportOptions says how to import.
type ImportOptions struct {
	Copies   bool           // also what is here already, a second time
	Progress func(Progress) // may be nil
}

// Imported is what an import brought.
type Imported struct {
	Program  Program
	Chats    []int64 // the new ones, in the order of the file
	There    int     // chats that are here already and were left alone
	Newer    int     // of Chats: those that stand beside an older state of themselves
	Pictures int
	Problems
}

// named gives a bad file its name.
func named(path string, err error) error {
	if bad, ok := errors.AsType[*backend.BadFile](err); ok && bad.Path == "" {
		bad.Path = path
	}
	return err
}

// title is what an imported chat is called.
func (s *Service) title(f *found) string {
	if f.Chat.Title != "" {
		return f.Chat.Title
	}
	for _, m := range f.Messages {
		if m.Role == backend.RoleUser {
			if t := s.d.Title(m.Text); t != "" {
				return t
			}
		}
	}
	return ""
}

// read reads all chats that a path names.
func (s *Service) read(ctx context.Context, path string, p *Program, problems *Problems, take func(*known, *found) error) (err error) {
	models, err := s.models(ctx)
	if err != nil {
		return err
	}
	k, err := s.known(ctx)
	if err != nil {
		return err
	}
	o, err := openOrigin(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.Close()) }()
	k.media = o.media
	r := reading{ctx: ctx, models: models, emit: func(f *found) error {
		if err := take(k, f); err != nil {
			return &storing{err}
		}
		return nil
	}}
	err = r.origin(o)
	r.Files += problems.Files // those that were found missing when a chat was taken in
	*p, *problems = r.program, r.Problems
	return err
}

// verdict says whether a chat is here already.
type verdict uint8

const (
	isNew   verdict = iota
	isThere         // with all its messages, and perhaps more
	isNewer         // with fewer or other messages
)

// known finds chats that are here already. It knows those that were here when it was made: two equal chats of one file are
// two chats.
type known struct {
	store  Store
	began  map[int64][]int64  // chats by the millisecond in which they began
	called map[string][]int64 // chats by title
	media  fs.FS              // where the pictures of the file are; nil = nowhere
}

// maxAlike is how many chats of the same name are compared.
const maxAlike = 50

func (s *Service) known(ctx context.Context) (*known, error) {
	list, err := s.d.Store.Chats(ctx, store.ChatQuery{})
	k := &known{store: s.d.Store, began: map[int64][]int64{}, called: map[string][]int64{}}
	for _, c := range list {
		ms := c.Created.UnixMilli()
		k.began[ms] = append(k.began[ms], c.ID)
		if len(k.called[c.Title]) < maxAlike {
			k.called[c.Title] = append(k.called[c.Title], c.ID)
		}
	}
	return k, err
}

// said is what a message is recognised by.
type said [16]byte

func saidBy(m backend.Message) said {
	sum := sha256.Sum256([]byte(string(m.Role) + "\x00" + m.Text))
	return said(sum[:16])
}

// look says whether a chat is here. A chat is known by the moment in which it began, or, where the file does not tell that,
// by its name; and by its words.
func (k *known) look(ctx context.Context, f *found) (verdict, error) {
	candidates, same := k.began[f.Chat.Created.UnixMilli()], true
	if f.Chat.Created.IsZero() {
		candidates, same = k.called[f.Chat.Title], false
	}
	if len(candidates) == 0 {
		return isNew, nil
	}
	wanted := map[said]int{}
	for _, m := range f.Messages {
		wanted[saidBy(m.Message)]++
	}
	alike := false
	for _, id := range candidates {
		here := map[said]int{}
		err := k.store.ReadTree(ctx, id, store.TreeReader{Light: true, Message: func(m store.TreeMessage) error {
			here[saidBy(m.Message)]++
			return nil
		}})
		if gone(err) {
			continue
		} else if err != nil {
			return isNew, err
		}
		all, some := true, len(wanted) == 0
		for s, n := range wanted {
			all = all && here[s] >= n
			some = some || here[s] > 0
		}
		if all && (same || len(wanted) > 0) {
			return isThere, nil
		}
		alike = alike || some && same
	}
	if alike {
		return isNewer, nil
	}
	return isNew, nil
}

// media brings pictures into the folder of pictures.
type media struct {
	service *Service
	from    fs.FS
	here    map[string]int64 // pictures of this store, by hash
}

// bring takes the pictures of a chat in and hangs them under its messages. One that is not in the file, or is another than
// its name says, stays behind.
func (b *media) bring(ctx context.Context, f *found, done *Imported) error {
	lists := [][]backend.Attachment{f.Draft.Attachments}
	for _, m := range f.Messages {
		lists = append(lists, m.Attachments)
	}
	for _, list := range lists {
		for _, a := range list {
			for _, sum := range []string{a.SHA256, a.Text} {
				if err := b.attachment(ctx, sum); err != nil {
					if ctx.Err() != nil || errors.Is(err, backend.ErrDiskFull) {
						return err
					}
					done.Files++
				}
			}
		}
	}
	if len(f.pictures) == 0 {
		return nil
	}
	if b.here == nil {
		list, err := b.service.d.Store.Pictures(ctx, 0, 0)
		if err != nil {
			return err
		}
		b.here = map[string]int64{}
		for _, p := range list {
			b.here[p.SHA256] = p.ID
		}
	}
	for i, list := range f.pictures {
		for _, line := range list {
			sha, err := b.file(ctx, line.File)
			if err != nil {
				if ctx.Err() != nil || errors.Is(err, backend.ErrDiskFull) {
					return err
				}
				done.Files++
				continue
			}
			settings := []byte(line.Settings)
			if len(settings) == 0 {
				settings = []byte("{}")
			}
			f.Messages[i].Pictures = append(f.Messages[i].Pictures, backend.Picture{
				SHA256: sha, Width: line.Width, Height: line.Height, Seed: line.Seed, Prompt: line.Prompt, Settings: settings,
				Created: fromMillis(line.Created), MadeFrom: b.here[line.MadeFrom],
			})
			done.Pictures++
		}
	}
	return nil
}

// errPicture says that a picture is not what it should be.
var errPicture = errors.New("a picture is missing or damaged")

// attachment brings one attachment or its text to its place.
func (b *media) attachment(ctx context.Context, sum string) error {
	files := b.service.d.Files
	if files == nil {
		return errPicture
	}
	if _, err := files.Get(sum); err == nil {
		return nil
	}
	if b.from == nil {
		return errPicture
	}
	in, err := b.from.Open(mediaFolder + sum)
	if err != nil {
		return errPicture
	}
	defer in.Close() //nolint:errcheck // it was only read
	data, err := io.ReadAll(io.LimitReader(reader(ctx, in), attach.MaxBytes+1))
	if err != nil {
		return err
	}
	if got := sha256.Sum256(data); len(data) > attach.MaxBytes || hex.EncodeToString(got[:]) != sum {
		return errPicture
	}
	_, err = files.Put(data)
	return err
}

// file brings one picture to its place and returns its hash.
func (b *media) file(ctx context.Context, name string) (string, error) {
	sha, ok := strings.CutSuffix(strings.TrimPrefix(name, mediaFolder), ".png")
	if raw, err := hex.DecodeString(sha); !ok || err != nil || len(raw) != sha256.Size || sha != strings.ToLower(sha) {
		return "", errPicture
	}
	to := filepath.Join(b.service.d.Pictures, sha+".png")
	if _, err := os.Stat(to); err == nil {
		return sha, nil
	}
	if b.from == nil {
		return "", errPicture
	}
	in, err := b.from.Open(mediaFolder + sha + ".png")
	if err != nil {
		return "", errPicture
	}
	defer in.Close() //nolint:errcheck // it was only read
	if err := os.MkdirAll(b.service.d.Pictures, 0o700); err != nil {
		return "", writeError(to, err)
	}
	out, err := newDurable(to)
	if err != nil {
		return "", writeError(to, err)
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(out.w, sum), io.LimitReader(reader(ctx, in), maxPicture+1))
	if err != nil || n > maxPicture || hex.EncodeToString(sum.Sum(nil)) != sha {
		out.abort()
		if err != nil {
			return "", writeError(to, err)
		}
		return "", errPicture
	}
	if err := out.commit(); err != nil {
		return "", writeError(to, err)
	}
	return sha, nil
}
