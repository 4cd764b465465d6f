package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxFiles is how many files of a repository are looked at.
const maxFiles = 5000

// Repo is a repository at one commit.
type Repo struct {
	Found
	Commit string
	Tags   []string
	Task   string
	Files  []File
	Card   Facts
	More   bool // there are more files than were looked at
}

// File is a file of a repository.
type File struct {
	Path      string
	SizeBytes int64
	SHA256    string // lower-case hex; "" = kept by git
	GitSHA1   string
}

// Facts are what the head of a card says.
type Facts struct {
	License     string
	LicenseName string // where License is "other"
	LicenseLink string
	Base        []string // the models that it was made of
	Datasets    []string // that it was trained with, as far as they are named
	Trigger     string   // of a LoRA
}

// sibling is a file in the hub's words.
type sibling struct {
	Name string   `json:"rfilename"`
	Size *float64 `json:"size"`
	Blob string   `json:"blobId"`
	LFS  *struct {
		SHA256 string  `json:"sha256"`
		Size   float64 `json:"size"`
	} `json:"lfs"`
}

// Repo asks for a repository with the sizes and hashes of its files. revision "" = its main line.
func (h *Hub) Repo(ctx context.Context, repo, revision string) (Repo, error) {
	if err := CheckName(repo); err != nil {
		return Repo{}, err
	}
	address := "/api/models/" + repo
	if revision != "" {
		address += "/revision/" + url.PathEscape(revision)
	}
	var e entry
	if _, err := h.get(ctx, "look at "+repo, address+"?blobs=true", maxRepo, &e); err != nil {
		var gated *Gated
		if errors.As(err, &gated) {
			gated.Repo = repo
		}
		return Repo{}, fmt.Errorf("look at %s: %w", repo, err)
	}
	if !isHex(e.SHA, 40) {
		return Repo{}, fmt.Errorf("look at %s: %w: it names no commit", repo, ErrAnswer)
	}
	e.ID = repo // its name may have changed; the hub follows the old one
	r := Repo{Found: e.found(), Commit: e.SHA, Tags: e.Tags, Task: e.Task, Card: facts(e.Card)}
	if r.License == "" {
		r.License = r.Card.License
	}
	for _, s := range e.Siblings {
		if len(r.Files) == maxFiles {
			r.More = true
			break
		}
		if f, ok := s.file(); ok {
			r.Files = append(r.Files, f)
		}
	}
	return r, nil
}

// file takes over a file with a name that can be used, a size and a hash.
func (s sibling) file() (File, bool) {
	f := File{Path: s.Name}
	switch {
	case s.LFS != nil && isHex(s.LFS.SHA256, 64) && s.LFS.Size >= 0 && s.LFS.Size < 1e15:
		f.SizeBytes, f.SHA256 = int64(s.LFS.Size), s.LFS.SHA256
	case s.LFS == nil && s.Size != nil && *s.Size >= 0 && *s.Size < 1e15 && isHex(s.Blob, 40):
		f.SizeBytes, f.GitSHA1 = int64(*s.Size), s.Blob
	default:
		return f, false
	}
	name := s.Name
	if name == "" || len(name) > 400 || !utf8.ValidString(name) || path.Clean(name) != name || path.IsAbs(name) || strings.HasPrefix(name, "../") ||
		name == ".." || strings.ContainsAny(name, "\\") || strings.ContainsFunc(name, unicode.IsControl) {
		return f, false
	}
	return f, true
}

func isHex(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "0123456789abcdef") == ""
}

// facts reads the head of a card, in which everything may be missing or of another kind.
func facts(raw json.RawMessage) Facts {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return Facts{}
	}
	one := func(key string) string {
		if list := texts(m[key]); len(list) > 0 {
			return list[0]
		}
		return ""
	}
	return Facts{
		License: one("license"), LicenseName: one("license_name"), LicenseLink: one("license_link"),
		Base: texts(m["base_model"]), Datasets: texts(m["datasets"]), Trigger: one("instance_prompt"),
	}
}

// texts reads one text or a list of them.
func texts(raw json.RawMessage) []string {
	const most, length = 20, 200
	var list []string
	var one string
	if json.Unmarshal(raw, &one) == nil {
		list = []string{one}
	} else {
		var mixed []any
		if json.Unmarshal(raw, &mixed) != nil {
			return nil
		}
		for _, v := range mixed {
			if s, ok := v.(string); ok {
				list = append(list, s)
			}
		}
	}
	var clean []string
	for _, s := range list[:min(len(list), most)] {
		if s = short(strings.ToValidUTF8(s, ""), length); s != "" {
			clean = append(clean, s)
		}
	}
	return clean
}

// Card asks for a repository's card as Markdown, without its head and with its HTML taken out. Pictures are not asked for.
func (h *Hub) Card(ctx context.Context, repo, commit string) (string, error) {
	if err := CheckName(repo); err != nil {
		return "", err
	}
	b, _, err := h.read(ctx, "read the card of "+repo, h.FileURL(repo, commit, "README.md"), maxCard)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the card of %s: %w", repo, err)
	}
	return Readable(string(b)), nil
}
