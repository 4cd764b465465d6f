package backend

import (
	"bytes"
	"cmp"
	"slices"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

// SortByName sorts a list by its names as people expect them: numbers by their value (2 before 10), letters without regard
// to case and accents, and names that differ in nothing else by their bytes, so that the order is always the same. Equal
// names stay as they stood.
func SortByName[T any](list []T, name func(T) string) {
	type named struct {
		item T
		name string
		key  []byte
	}
	order := collate.New(language.Und, collate.Loose, collate.Numeric)
	var keys collate.Buffer
	all := make([]named, len(list))
	for i, item := range list {
		n := name(item)
		all[i] = named{item: item, name: n, key: order.KeyFromString(&keys, n)}
	}
	slices.SortStableFunc(all, func(a, b named) int {
		return cmp.Or(bytes.Compare(a.key, b.key), cmp.Compare(a.name, b.name))
	})
	for i, n := range all {
		list[i] = n.item
	}
}

// StartersLast puts what came with the program behind a person's own models, and keeps the order otherwise.
func StartersLast(list []Model) {
	slices.SortStableFunc(list, func(a, b Model) int {
		switch {
		case a.Starter == b.Starter:
			return 0
		case a.Starter:
			return 1
		}
		return -1
	})
}
