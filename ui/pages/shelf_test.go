package pages

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
)

func shelved() []backend.Chat {
	day := func(d int) time.Time { return noon.AddDate(0, 0, -d) }
	return []backend.Chat{
		{ID: backend.FirstTemporaryID, Title: "Secret", Updated: noon},
		{ID: 1, Title: "bread", Updated: noon, Created: day(5)},
		{ID: 2, Title: "Oslo", Updated: noon, Created: day(1), Shelf: backend.Shelf{Folder: "Norway", Tags: []string{"travel", "two words"}}},
		{ID: 3, Title: "Top", Updated: day(1), Created: day(9), Shelf: backend.Shelf{Pinned: true, Folder: "Norway"}},
		{ID: 4, Title: "Old", Updated: day(1), Created: day(3), Shelf: backend.Shelf{Archived: true}},
		{ID: 5, Title: "Bergen", Updated: day(2), Created: day(2), Shelf: backend.Shelf{Folder: "Norway"}},
		{ID: 6, Title: "Apples", Updated: day(3), Created: day(4), Shelf: backend.Shelf{Folder: "garden", Tags: []string{"Travel"}}},
		{ID: 7, Title: "Code", Updated: day(3), Created: day(3)},
	}
}

func lines(rows []sidebarRow) []string {
	var out []string
	for _, r := range rows {
		switch {
		case r.heading != "":
			out = append(out, r.heading+":")
		case r.folder != "":
			out = append(out, fmt.Sprintf("[%s %d %v]", r.folder, r.inside, r.closed))
		case r.indent:
			out = append(out, "  "+r.chat.Title)
		default:
			out = append(out, r.chat.Title)
		}
	}
	return out
}

func TestListShowsPinnedChatsThenFoldersThenDays(t *testing.T) {
	for name, c := range map[string]struct {
		query    string
		order    listOrder
		archived bool
		want     []string
	}{
		"as it is": {want: []string{
			temporaryHeading + ":", "Secret", "Pinned:", "Top", "[garden 1 false]", "  Apples", "[Norway 2 false]", "  Oslo", "  Bergen", "Today:", "bread", "Last 7 days:", "Code",
		}},
		"folded, by name": {order: listOrder{Sort: sortName, Closed: []string{"garden"}}, want: []string{
			temporaryHeading + ":", "Secret", "Pinned:", "Top", "[garden 1 true]", "[Norway 2 false]", "  Bergen", "  Oslo", "Chats:", "bread", "Code",
		}},
		"newest first": {order: listOrder{Sort: sortMade, Closed: []string{"garden", "Norway"}}, want: []string{
			temporaryHeading + ":", "Secret", "Pinned:", "Top", "[garden 1 true]", "[Norway 2 true]", "Chats:", "Code", "bread",
		}},
		"archive":           {archived: true, want: []string{"Yesterday:", "Old"}},
		"a search sees all": {query: "o", want: []string{"Today:", "Oslo", "Yesterday:", "Top", "Old", "Last 7 days:", "Bergen", "Code"}},
		"a tag":             {query: "#trav", want: []string{"Today:", "Oslo", "Last 7 days:", "Apples"}},
		"a folder":          {query: "gard", want: []string{"Last 7 days:", "Apples"}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, lines(arrange(shelved(), c.query, noon, c.order, c.archived))); d != "" {
				t.Error(d)
			}
		})
	}
}

func BenchmarkArrange10000Chats(b *testing.B) {
	var chats []backend.Chat
	for i := range 10_000 {
		c := backend.Chat{ID: int64(i + 1), Title: fmt.Sprint("Chat ", i), Updated: noon.Add(-time.Duration(i) * time.Hour)}
		c.Shelf.Folder = []string{"", "", "", "Work", "Home"}[i%5]
		chats = append(chats, c)
	}
	for b.Loop() {
		arrange(chats, "", noon, listOrder{}, false)
	}
}
