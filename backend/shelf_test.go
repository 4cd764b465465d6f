package backend

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestNamesOnAShelfAreTidied(t *testing.T) {
	got := Shelf{Folder: "  Norway \n trip ", Tags: []string{"#work", "Work", " ", "to\tdo", "a,b"}}.Clean()
	want := Shelf{Folder: "Norway trip", Tags: []string{"work", "to do", "a,b"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestCleanShelfStaysAsItIs(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := Shelf{Folder: rapid.String().Draw(rt, "folder"), Tags: rapid.SliceOfN(rapid.String(), 0, 30).Draw(rt, "tags")}.Clean()
		if d := cmp.Diff(s, s.Clean()); d != "" {
			rt.Fatal(d)
		}
		for _, name := range append(s.Tags, s.Folder) {
			if len(name) > MaxShelfName || !utf8.ValidString(name) || strings.ContainsAny(name, "\n\x00") {
				rt.Fatalf("%q", name)
			}
		}
		if len(s.Tags) > MaxTags {
			rt.Fatal(len(s.Tags))
		}
	})
}
