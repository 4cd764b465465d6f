package backend_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loam/backend"
)

func itself(s string) string { return s }

func TestNamesAreInTheOrderPeopleExpect(t *testing.T) {
	for _, want := range [][]string{
		{"Trip 2", "Trip 10", "Trip 100"},
		{"Äpfel", "apple", "Banana", "éclair", "Eclipse", "zebra"},
		{"Llama 3.2 1B", "Llama 3.2 3B", "llama 3.10 1B", "Qwen"},
		{"", "01", "1 a", "2", "a"},
		{"file 1", "file 01 b", "file 2"},
		{"Zoo", "Ж", "あ", "漢"},
	} {
		got := slices.Clone(want)
		slices.Reverse(got)
		backend.SortByName(got, itself)
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	}
}

func TestTheOrderOfNamesDoesNotDependOnHowTheyStood(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.StringOf(rapid.RuneFrom([]rune("aAäbZ019 é漢"))), 1, 12).Draw(t, "names")
		one := slices.Clone(names)
		backend.SortByName(one, itself)
		other := rapid.Permutation(names).Draw(t, "other")
		backend.SortByName(other, itself)
		if d := cmp.Diff(one, other); d != "" {
			t.Fatal(d)
		}
	})
}
