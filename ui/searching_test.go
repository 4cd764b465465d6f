package ui

import (
	"testing"

	"fyne.io/fyne/v2"

	"loam/backend"
)

// TestASearchBeginsAnewAndEndsWithEsc: the key of the search brings its words back as a choice, so that typing replaces them;
// Esc clears them, and once more leaves the field.
func TestASearchBeginsAnewAndEndsWithEsc(t *testing.T) {
	for _, c := range []struct {
		name, placeholder string
		page              func(f *fixture)
	}{
		{"chats", "Search and commands", func(*fixture) {}},
		{"settings", "Search settings", func(f *fixture) { f.mod(fyne.KeyComma) }},
		{"guide", "Search the guide", func(f *fixture) { f.press(fyne.KeyF1) }},
	} {
		for _, width := range []float32{1100, 720} {
			f := fakes(t)
			f.conversation(backend.MessageComplete)
			f.open(width, 600)
			c.page(f)
			f.mod(fyne.KeyK)
			if got := f.focusedField().PlaceHolder; got != c.placeholder {
				t.Fatalf("%s: the key leads to %q", c.name, got)
			}
			f.write("dark")
			f.mod(fyne.KeyK)
			f.write("river")
			if got := f.focusedField().Text; got != "river" {
				t.Errorf("%s: the second search is %q", c.name, got)
			}
			field := f.focusedField()
			f.press(fyne.KeyEscape)
			if f.focusedField() != field || field.Text != "" {
				t.Errorf("%s: after Esc the search holds %q", c.name, field.Text)
			}
			f.press(fyne.KeyEscape)
			if now := f.window.Canvas().Focused(); now == fyne.Focusable(field) {
				t.Errorf("%s: a second Esc does not leave the field", c.name)
			}
		}
	}
}
