package fetch

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"loam/backend"
)

// The bounds of a wish: what a hub lists is not to be trusted.
const (
	maxFiles     = 500
	maxPath      = 400     // bytes
	maxFileBytes = 1 << 42 // 4 TB
)

// check says why a wish cannot be met.
func check(w backend.DownloadWant) error {
	if len(w.Files) == 0 || len(w.Files) > maxFiles {
		return fmt.Errorf("download %s: %d files are not to be had at once", w.Name, len(w.Files))
	}
	seen := map[string]bool{}
	for _, f := range w.Files {
		clean := path.Clean(f.Path)
		switch {
		case f.Path == "" || len(f.Path) > maxPath || clean != f.Path || path.IsAbs(f.Path) || clean == ".." || strings.HasPrefix(clean, "../"),
			!utf8.ValidString(f.Path), strings.ContainsFunc(f.Path, unicode.IsControl):
			return fmt.Errorf("download %s: the name of a file cannot be used", w.Name)
		case f.SizeBytes < 0 || f.SizeBytes > maxFileBytes:
			return fmt.Errorf("download %s: the size of %s is not known", w.Name, f.Path)
		case f.SHA256 != "" && !isHex(f.SHA256, 64), f.GitSHA1 != "" && !isHex(f.GitSHA1, 40):
			return fmt.Errorf("download %s: the hash of %s makes no sense", w.Name, f.Path)
		case f.SHA256 == "" && f.GitSHA1 == "":
			return fmt.Errorf("download %s: no hash of %s is known, so that it could not be checked", w.Name, f.Path)
		case seen[strings.ToLower(f.Path)]:
			return fmt.Errorf("download %s: two of its files have one name", w.Name)
		}
		seen[strings.ToLower(f.Path)] = true
	}
	return nil
}

func isHex(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "0123456789abcdef") == ""
}

// settlePlaces decides where the files of a wish go: into a folder of their repository, side by side where their names allow
// it, so that the parts of a set find each other. Other downloads' places are left to them.
func (s *Service) settlePlaces(w *backend.DownloadWant, list []backend.Download) {
	owner, name, _ := strings.Cut(w.Repo, "/")
	if name == "" {
		owner, name = "", owner
	}
	taken := map[string]bool{}
	for _, d := range list {
		if d.State != backend.DownloadRemoved {
			for _, f := range d.Want.Files {
				if !sameFile(w.Files, f) {
					taken[strings.ToLower(f.Place)] = true
				}
			}
		}
	}
	bases := map[string]int{}
	for _, f := range w.Files {
		bases[strings.ToLower(path.Base(f.Path))]++
	}
	for n := 1; ; n++ {
		folder := path.Join(segment(owner), segment(name))
		if n > 1 {
			folder += fmt.Sprintf(" (%d)", n)
		}
		free := true
		for i, f := range w.Files {
			place := path.Base(f.Path)
			if bases[strings.ToLower(place)] > 1 {
				place = f.Path
			}
			parts := strings.Split(place, "/")
			for k := range parts {
				parts[k] = segment(parts[k])
			}
			w.Files[i].Place = path.Join(folder, path.Join(parts...))
			free = free && !taken[strings.ToLower(w.Files[i].Place)] && s.placeFree(w.Files[i])
		}
		w.Folder = folder
		if free {
			return
		}
	}
}

func sameFile(files []backend.DownloadFile, f backend.DownloadFile) bool {
	for _, g := range files {
		if g.Path == f.Path && g.SHA256 == f.SHA256 && g.GitSHA1 == f.GitSHA1 && g.SizeBytes == f.SizeBytes {
			return true
		}
	}
	return false
}

// placeFree says whether a file's place is empty, or has a file of its size, which may be the same one.
func (s *Service) placeFree(f backend.DownloadFile) bool {
	info, err := os.Lstat(filepath.Join(s.deps.Dir, filepath.FromSlash(f.Place)))
	return err != nil || info.Mode().IsRegular() && info.Size() == f.SizeBytes
}

// reserved are names that Windows keeps for devices.
var reserved = map[string]bool{"con": true, "prn": true, "aux": true, "nul": true}

// segment makes one name of a path that every file system takes and nobody hides.
func segment(s string) string {
	if s == "" {
		return ""
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || strings.ContainsRune(`<>:"/\|?*`, r) || !unicode.IsPrint(r) {
			return '_'
		}
		return r
	}, s)
	s = strings.TrimRight(s, " .")
	stem, _, _ := strings.Cut(strings.ToLower(s), ".")
	if s == "" || s[0] == '.' || reserved[stem] || len(stem) == 4 && (strings.HasPrefix(stem, "com") || strings.HasPrefix(stem, "lpt")) {
		s = "_" + s
	}
	const most = 120 // bytes
	if len(s) > most {
		end := path.Ext(s)
		if len(end) > 20 {
			end = ""
		}
		cut := most - len(end)
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + end
	}
	return s
}
