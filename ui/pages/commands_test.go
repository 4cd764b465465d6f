package pages

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCommandsAreFoundByTheBeginningsOfTheirWords(t *testing.T) {
	var list []Command
	for _, name := range []string{"New chat", "Settings", "Settings of this chat", "Dark colours", "Larger text", "a1", "a2", "a3", "a4", "a5", "a6", "a7"} {
		list = append(list, Command{Name: name})
	}
	for query, want := range map[string][]string{
		"": nil, "  ": nil, "chat": {"New chat", "Settings of this chat"}, "SET ch": {"Settings of this chat"}, "olours": nil, "dark c": {"Dark colours"},
		"a": {"a1", "a2", "a3", "a4", "a5", "a6"},
	} {
		var got []string
		for _, c := range findCommands(list, query) {
			got = append(got, c.Name)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %s", query, d)
		}
	}
}
