package pages

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func TestChatsStandUnderTheDayTheyWereChanged(t *testing.T) {
	at := func(title string, y int, m time.Month, d, h int) backend.Chat {
		return backend.Chat{Title: title, Updated: time.Date(y, m, d, h, 0, 0, 0, time.UTC)}
	}
	chats := []backend.Chat{
		at("now", 2026, 3, 14, 11), at("midnight", 2026, 3, 14, 0), at("late", 2026, 3, 13, 23), at("week", 2026, 3, 8, 9),
		at("month", 2026, 2, 20, 9), at("winter", 2026, 1, 2, 9), at("old", 2024, 12, 31, 9),
	}
	var got []string
	for _, r := range arrange(chats, "", noon, listOrder{}, false) {
		got = append(got, r.heading+"|"+r.chat.Title)
	}
	want := []string{
		"Today|", "|now", "|midnight", "Yesterday|", "|late", "Last 7 days|", "|week", "Last 30 days|", "|month",
		"January|", "|winter", "December 2024|", "|old",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestSearchFindsTitlesWhateverTheCase(t *testing.T) {
	rows := arrange([]backend.Chat{{Title: "Trip to Norway", Updated: noon}, {Title: "Taxes", Updated: noon}, {Updated: noon}}, " norWAY ", noon, listOrder{}, false)
	if len(rows) != 2 || rows[1].chat.Title != "Trip to Norway" {
		t.Errorf("rows: %+v", rows)
	}
}

func TestSizesAreWrittenAsPeopleSayThem(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 MB", 500: "1 KB", 98_123_456: "98 MB", 4_100_000_000: "4.1 GB", 2_000_000_000: "2 GB", 210_400_000_000: "210 GB",
	} {
		if got := bytesText(n); got != want {
			t.Errorf("bytesText(%d) = %q, want %q", n, got, want)
		}
	}
	for tps, want := range map[float64]string{
		0: "", 1: "under 1 word/s", 12: "about 9 words/s", 120: "about 90 words/s", 133: "about 100 words/s",
	} {
		if got := wordsPerSecond(tps); got != want {
			t.Errorf("wordsPerSecond(%v) = %q, want %q", tps, got, want)
		}
	}
	if got := count(1, "thread") + ", " + count(12300, "token"); got != "1 thread, 12,300 tokens" {
		t.Error(got)
	}
}

func TestSamplerSettingsAreReadAndKeptInBounds(t *testing.T) {
	temperature, topK := tunables[0], tunables[1]
	for _, c := range []struct {
		u    tunable
		text string
		want float64
		ok   bool
	}{
		{temperature, "0.7", 0.7, true},
		{temperature, " 0,7 ", 0.7, true},
		{temperature, "-1", 0, false},
		{temperature, "9", 0, false},
		{temperature, "warm", 0, false},
		{temperature, "NaN", 0, false},
		{temperature, "", 0, false},
		{temperature, "Inf", 0, false},
		{topK, "40", 40, true},
		{topK, "40.5", 0, false},
		{topK, "0", 0, true},
	} {
		got, err := c.u.parse(c.text)
		if (err == nil) != c.ok || got != c.want {
			t.Errorf("%s %q: %v, %v; want %v, ok %v", c.u.name, c.text, got, err, c.want, c.ok)
		}
	}
}

func TestEverySamplerSettingIsReadBack(t *testing.T) {
	for _, u := range tunables {
		s := backend.DefaultSampling()
		u.set(&s, u.high)
		if got := u.get(&s); got != u.high {
			t.Errorf("%s: set %v, got %v", u.name, u.high, got)
		}
		if v, err := u.parse(u.number(u.low)); err != nil || v != u.low {
			t.Errorf("%s: %q is read as %v, %v", u.name, u.number(u.low), v, err)
		}
	}
}

func TestSightLineStandsWhereTheLastReplyBeganToSee(t *testing.T) {
	path := []backend.Message{
		{ID: 1, Role: backend.RoleUser},
		{ID: 2, Role: backend.RoleAssistant},
		{ID: 3, Role: backend.RoleUser},
		{ID: 4, Role: backend.RoleAssistant, SeenFrom: 3, LeftOut: 2},
	}
	var ids []int64
	for _, it := range items(path, backend.OverflowLeaveOut) {
		ids = append(ids, it.ID)
	}
	if d := cmp.Diff([]int64{1, 2, -1, 3, 4}, ids); d != "" {
		t.Error(d)
	}
}

func TestStarterStandsLast(t *testing.T) {
	list := chatModels([]backend.Model{
		{Name: "starter", Kind: backend.KindChat, Starter: true}, {Name: "vae", Kind: backend.KindVAE}, {Name: "qwen", Kind: backend.KindChat},
	})
	if len(list) != 2 || list[0].Name != "qwen" || list[1].Name != "starter" {
		t.Errorf("%+v", list)
	}
}
