package library

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"loam/backend"
)

// Ambiguous is a name that fits several models.
type Ambiguous struct {
	Query string
	Names []string
}

func (e *Ambiguous) Error() string {
	names := e.Names
	rest := ""
	if len(names) > 5 {
		names, rest = names[:5], fmt.Sprintf(" and %d more", len(e.Names)-5)
	}
	return fmt.Sprintf("%q fits several models: %s%s", e.Query, strings.Join(names, ", "), rest)
}

// List gives the installed models: by name, the starter last.
func (l *Library) List(ctx context.Context) ([]backend.Model, error) {
	list, err := l.installed(ctx)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(list, func(m backend.Model) bool { return m.SHA256 == "" }) {
		nudge(l.wake) // perhaps the command line added it
	}
	backend.SortByName(list, func(m backend.Model) string { return m.Name })
	backend.StartersLast(list)
	return list, nil
}

// Get gives one model, removed ones included; backend.ErrNotFound when there never was one.
func (l *Library) Get(ctx context.Context, id int64) (backend.Model, error) {
	return l.store.Model(ctx, id)
}

// Find gives the installed model that a person means: by id, path (of its file, or of another with the same contents), name (any
// case and separators), the start of exactly one name, or the start of a SHA-256. The errors are backend.ErrNotFound and *Ambiguous.
func (l *Library) Find(ctx context.Context, query string) (backend.Model, error) {
	list, err := l.List(ctx)
	if err != nil {
		return backend.Model{}, err
	}
	query = strings.TrimSpace(query)
	if id, err := strconv.ParseInt(query, 10, 64); err == nil {
		if i := slices.IndexFunc(list, func(m backend.Model) bool { return m.ID == id }); i >= 0 {
			return list[i], nil
		}
	}
	if real, err := resolve(query); err == nil && query != "" {
		m, err := l.store.ModelByPath(ctx, real)
		if err == nil && m.Deleted.IsZero() {
			return m, nil
		}
		if err != nil && !errors.Is(err, backend.ErrNotFound) {
			return backend.Model{}, err
		}
		if i := slices.IndexFunc(list, func(m backend.Model) bool { return m.Path != "" && isCopy(m.Path, real) }); i >= 0 {
			return list[i], nil
		}
	}
	key := bare(query)
	for _, fits := range []func(m backend.Model) bool{
		func(m backend.Model) bool { return strings.EqualFold(m.Name, query) },
		func(m backend.Model) bool { return key != "" && bare(m.Name) == key },
		func(m backend.Model) bool { return key != "" && bare(m.Name+m.Quant) == key },
		func(m backend.Model) bool { return key != "" && strings.HasPrefix(bare(m.Name), key) },
		func(m backend.Model) bool { return len(key) >= 8 && strings.HasPrefix(m.SHA256, key) },
	} {
		var hits []backend.Model
		for _, m := range list {
			if fits(m) {
				hits = append(hits, m)
			}
		}
		if len(hits) == 1 {
			return hits[0], nil
		}
		if len(hits) > 1 {
			a := &Ambiguous{Query: query}
			for _, m := range hits {
				a.Names = append(a.Names, m.Name)
			}
			return backend.Model{}, a
		}
	}
	return backend.Model{}, fmt.Errorf("model %q: %w", query, backend.ErrNotFound)
}

// bare keeps the letters and digits of a name, in small letters.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// isCopy says whether a path that a person gave is a file with the contents of a model's.
func isCopy(of, path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && sameFile(of, path)
}
