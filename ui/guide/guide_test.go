package guide

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func load(t testing.TB) *Guide {
	t.Helper()
	g, err := Load(os.DirFS("../../assets"))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

var link = regexp.MustCompile(`\]\(([^)]*)\)`)

// pages are what a link "page:..." may name; the window has a test that these are its own.
var pages = map[string]bool{"chats": true, "pictures": true, "models": true, "settings": true}

func TestEveryLinkOfTheGuideLeadsSomewhere(t *testing.T) {
	g := load(t)
	for i, c := range g.Chapters {
		for _, s := range c.Sections {
			for _, m := range link.FindAllStringSubmatch(s.Text, -1) {
				if page, ok := strings.CutPrefix(m[1], "page:"); ok {
					if !pages[page] {
						t.Errorf("%s: there is no page %q", c.ID, page)
					}
				} else if _, ok := g.Find(m[1], i); !ok {
					t.Errorf("%s: %q leads nowhere", c.ID, m[1])
				}
			}
		}
	}
}

func TestTheGuideHasItsChapters(t *testing.T) {
	var got []string
	for _, c := range load(t).Chapters {
		got = append(got, c.ID)
		seen := map[string]bool{}
		for _, s := range c.Sections {
			if s.Anchor == "" || seen[s.Anchor] {
				t.Errorf("%s: the heading %q cannot be reached", c.ID, s.Title)
			}
			seen[s.Anchor] = true
		}
	}
	want := []string{"first-chat", "attachments", "first-picture", "lora", "models", "getting-models", "catalogues", "privacy", "export", "keyboard", "troubleshooting", "laptop", "going-back", "limits"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestHeadingsInCodeAreNoSections(t *testing.T) {
	g, err := Load(fstest.MapFS{"guide/05-a-b.md": {Data: []byte("lost\n# A b, c!\ntext\n```\n# not this\n```\n## Two\n#nor this\n")}})
	if err != nil {
		t.Fatal(err)
	}
	want := []Chapter{{ID: "a-b", Title: "A b, c!", Sections: []Section{
		{Anchor: "a-b-c", Title: "A b, c!", Text: "# A b, c!\ntext\n```\n# not this\n```\n"},
		{Anchor: "two", Title: "Two", Text: "## Two\n#nor this\n"},
	}}}
	if d := cmp.Diff(want, g.Chapters); d != "" {
		t.Error(d)
	}
}

func TestFindResolvesLinks(t *testing.T) {
	g := &Guide{Chapters: []Chapter{{ID: "a", Sections: []Section{{Anchor: "a"}, {Anchor: "x"}}}, {ID: "b", Sections: []Section{{Anchor: "b"}}}}}
	for _, c := range []struct {
		link string
		from int
		want Place
		ok   bool
	}{
		{"a#x", 1, Place{0, 1}, true},
		{"a.md#x", -1, Place{0, 1}, true},
		{"#x", 0, Place{0, 1}, true},
		{"#x", 1, Place{1, 0}, false},
		{"b", 0, Place{1, 0}, true},
		{"", -1, Place{}, false},
		{"https://example.org/#x", 0, Place{}, false},
	} {
		if got, ok := g.Find(c.link, c.from); got != c.want || ok != c.ok {
			t.Errorf("Find(%q, %d) = %v, %v; want %v, %v", c.link, c.from, got, ok, c.want, c.ok)
		}
	}
}

func TestSearchFindsAllWordsAndHeadingsFirst(t *testing.T) {
	g := load(t)
	for query, want := range map[string]string{
		"disk full":   "The disk is full",
		"put backup":  "Put a backup back",
		"  BATTERY ":  "On battery",
		"tray":        "The icon in the tray",
		"screen read": "The window",
	} {
		hits := g.Search(query)
		if len(hits) == 0 {
			t.Errorf("%q is not found", query)
			continue
		}
		s := g.Chapters[hits[0].Chapter].Sections[hits[0].Section]
		if s.Title != want {
			t.Errorf("%q leads to %q first, want %q", query, s.Title, want)
		}
		if !strings.Contains(strings.ToLower(Plain(s.Text)), hits[0].Mark) || hits[0].Mark == "" {
			t.Errorf("%q marks %q, which is not in %q", query, hits[0].Mark, s.Title)
		}
	}
	for _, query := range []string{"", "   ", "qqqqq", "disk qqqqq"} {
		if hits := g.Search(query); len(hits) != 0 {
			t.Errorf("%q finds %d sections", query, len(hits))
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("# A\n## B\n```\n# c\n")
	f.Add("####### x\n#\n# \n# a\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		c := parse(text)
		var all strings.Builder
		for _, s := range c.Sections {
			if s.Title == "" {
				t.Fatal("a section without a title")
			}
			all.WriteString(s.Text)
		}
		if !strings.HasSuffix(text, all.String()) {
			t.Fatal("the sections are not the end of the text")
		}
		g := &Guide{Chapters: []Chapter{c}}
		g.Search(text)
		g.Find(text, 0)
	})
}
