package transfer

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"loam/backend"
)

// readAll reads the bytes of a file and checks that every chat that comes out of it is a tree.
func readAll(t *testing.T, data []byte) (list []*found, problems Problems, err error) {
	t.Helper()
	r := reading{ctx: t.Context(), left: maxRead, emit: func(f *found) error {
		for i, m := range f.Messages {
			if m.Parent < 0 || m.Parent > int64(i) || m.State == backend.MessageRunning || !roles[m.Role] {
				t.Fatalf("message %d: %+v", i+1, m.Message)
			}
		}
		if n := int64(len(f.Messages)); f.Chat.Leaf < 0 || f.Chat.Leaf > n || f.Draft.ScrollMessage > n {
			t.Fatalf("leaf %d of %d", f.Chat.Leaf, n)
		}
		list = append(list, f)
		return nil
	}}
	err = r.file(bytes.NewReader(data))
	if r.BadMessages > r.Messages || r.BadChats > r.Chats || r.Chats < len(list) {
		t.Fatalf("%+v", r.Problems)
	}
	for _, s := range r.Sentences() {
		if len(s) > 500 {
			t.Fatal(s)
		}
	}
	return list, r.Problems, err
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"chatgpt.json", "lmstudio.conversation.json", "openwebui.json"} {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"loam":"chats","version":1}
{"type":"chat","title":"x","messages":2,"leaf":2,"adapters":[{"weight":1}],"draft":{"scroll_message":1}}
{"type":"message","id":1,"role":"user","text":"a","usage":{"seen_from":1}}
{"type":"message","id":2,"parent":1,"role":"assistant","text":"b","generation":{"cuts":[1],"prompt":[2],"tokens":[3]},"pictures":[{"file":"media/x.png"}]}
{"type":"end","chats":1,"messages":2}
`))
	f.Add([]byte(`[{"mapping":{"a":{"parent":"a"},"b":{"parent":"c"},"c":{"parent":"b"}}},{"chat":{"messages":[{"role":"user","content":[{"text":"x"}]}]}}]`))
	f.Add([]byte(`[{"chat":{"messages":[{"role":"assistant","content":"<details type=\"reasoning\" duration=\"x\">\n<details type=\"tool_calls\">\n"}]}}]`))
	f.Fuzz(func(t *testing.T, data []byte) { readAll(t, data) })
}

// What Markdown leaves open is closed without touching a byte, for any text.
func FuzzClosed(f *testing.F) {
	for _, text := range []string{"```\nx", "<!--", "- ```\n  x", "> ~~~", "<script>\n", "1. <pre>\n", "\t```", "`````` ` ", "[a]: <b", "a\n===", "<?", "<!X", "<![CDATA[", "* a\n\n  <!--"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		out := closed(text)
		if !strings.Contains(out, text) || !ends(out) {
			t.Fatalf("%q became %q", text, out)
		}
	})
}

// The parts that are rendered alone hold every byte of a text that is shown.
func FuzzStretches(f *testing.F) {
	f.Add("a\n\n```go\nx\n```\nb")
	f.Add(strings.Repeat("word\n\n", 2000) + "~~~\nx")
	f.Fuzz(func(t *testing.T, text string) {
		var out bytes.Buffer
		if err := render(context.Background(), &out, text); err != nil {
			t.Fatal(err)
		}
		shown := 0
		for _, s := range stretches(text) {
			if !strings.Contains(text, s.text) {
				t.Fatalf("%q is not in %q", s.text, text)
			}
			shown += len(s.text)
		}
		if shown > len(text) || strings.Contains(out.String(), "<script") {
			t.Fatal(shown, out.String())
		}
	})
}

// A value ends where it ends, whatever stands in its strings, and one that is too much does not hide the next.
func TestValuesAreFoundOneByOne(t *testing.T) {
	for in, want := range map[string]string{
		`[{"a":"]}"},{"b":"\"\\"}]`: `{"a":"]}"}|{"b":"\"\\"}|EOF`, `{"a":1}{"b":2}`: `{"a":1}|{"b":2}|EOF`, `[]`: "EOF", `[1, "x",null ]`: `1|"x"|null|EOF`,
		` {"a":[1,2]} `: `{"a":[1,2]}|EOF`, `[{"long":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},{"b":2}]`: `!|{"b":2}|EOF`,
		`[{"a":`: "cut", `{"a":"x`: "cut", `{"a":"\`: "cut", ``: "EOF",
		strings.Repeat("[", 1005) + strings.Repeat("]", 1005): "!|EOF",
	} {
		v := newValues(bufReader(in))
		v.limit = 40
		if strings.HasPrefix(in, "[[") {
			v.limit = maxLine
		}
		var got []string
		for range 10 {
			raw, err := v.next()
			if errors.Is(err, errTooLong) || errors.Is(err, errTooDeep) {
				got = append(got, "!")
				continue
			}
			if errors.Is(err, errCut) {
				got = append(got, "cut")
				break
			}
			if err != nil {
				got = append(got, err.Error())
				break
			}
			got = append(got, string(raw))
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%s: %s, want %s", in, strings.Join(got, "|"), want)
		}
	}
}

func bufReader(s string) *bufio.Reader { return bufio.NewReader(strings.NewReader(s)) }
