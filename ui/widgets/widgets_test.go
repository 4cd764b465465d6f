package widgets_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"pgregory.net/rapid"

	"loam/ui/theme"
	"loam/ui/widgets"
)

// newApp starts a test app in Loam's look.
func newApp(t *testing.T) {
	th, err := theme.New(os.DirFS("../../assets"), theme.Options{})
	if err != nil {
		t.Fatal(err)
	}
	test.NewTempApp(t).Settings().SetTheme(th)
}

// eight measures every rune with eight pixels.
func eight(s string) float32 { return 8 * float32(utf8.RuneCountInString(s)) }

func TestWrappingLosesNoRune(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("ab cö\n漢 "))).Draw(t, "text")
		width := rapid.Float32Range(8, 200).Draw(t, "width")
		lines := widgets.WrapWords(text, width, eight)
		for _, l := range lines {
			if eight(strings.TrimRight(l, " ")) > width {
				t.Fatalf("line %q is wider than %v", l, width)
			}
		}
		if got, want := strings.Join(lines, ""), strings.ReplaceAll(text, "\n", ""); got != want {
			t.Fatalf("wrapped %q into %q", want, got)
		}
	})
}

func TestShorteningFitsAndEndsWithAnEllipsis(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("ab cö漢"))).Draw(t, "text")
		width := rapid.Float32Range(8, 200).Draw(t, "width")
		got := widgets.Shorten(text, width, eight)
		if eight(text) <= width && got != text {
			t.Fatalf("%q fits but became %q", text, got)
		}
		if eight(got) > width || got != text && !strings.HasSuffix(got, "…") {
			t.Fatalf("%q at %v became %q", text, width, got)
		}
	})
}

// many are rows of two kinds.
type many struct{ n, made, filled int }

func (m *many) Len() int                { return m.n }
func (m *many) Kind(i int) int          { return i % 10 / 9 }
func (m *many) Height(kind int) float32 { return 30 + 10*float32(kind) }
func (m *many) Make(int) fyne.CanvasObject {
	m.made++
	return widgets.NewLabel("", widgets.LabelStyle{})
}

func (m *many) Fill(i int, o fyne.CanvasObject) {
	m.filled++
	o.(*widgets.Label).SetText(fmt.Sprint("row ", i))
}

func TestListOfTenThousandKeepsOnlyTheRowsInSight(t *testing.T) {
	newApp(t)
	rows := &many{n: 10000}
	l := widgets.NewList(rows)
	w := test.NewTempWindow(t, container.NewStack(l))
	w.Resize(fyne.NewSize(300, 600))
	if l.Live() == 0 || l.Live() > 40 {
		t.Fatalf("%d rows are in the tree", l.Live())
	}
	for i := 0; i < 10000; i += 7 {
		l.Reveal(i)
		row, ok := l.Row(i).(*widgets.Label)
		if !ok || row.Text() != fmt.Sprint("row ", i) {
			t.Fatalf("row %d shows %v", i, l.Row(i))
		}
		if top := row.Position().Y - l.Top(); top < -0.5 || top+row.Size().Height > 600.5 {
			t.Fatalf("row %d is out of sight at %v", i, top)
		}
	}
	if rows.made > 120 {
		t.Errorf("%d row widgets were made", rows.made)
	}
	rows.n = 3
	l.Reload()
	if l.Live() != 3 {
		t.Errorf("%d rows are in the tree, want 3", l.Live())
	}
}

func TestButtonIsPressedByKeysUnlessDisabled(t *testing.T) {
	newApp(t)
	n := 0
	b := widgets.NewButton("Go", widgets.KindPlain, func() { n++ })
	for _, key := range []fyne.KeyName{fyne.KeySpace, fyne.KeyReturn, fyne.KeyA} {
		b.TypedKey(&fyne.KeyEvent{Name: key})
	}
	b.Disable()
	b.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	test.Tap(b)
	if n != 2 {
		t.Errorf("pressed %d times, want 2", n)
	}
}

func TestRenamingARowGivesUpOnEscAndTakesEnter(t *testing.T) {
	newApp(t)
	for _, c := range []struct {
		key fyne.KeyName
		ok  bool
	}{{fyne.KeyReturn, true}, {fyne.KeyEscape, false}} {
		r, calls := widgets.NewListRow(), 0
		r.OnRenamed = func(text string, ok bool) {
			calls++
			if ok != c.ok || text != "new name" {
				t.Errorf("%s: renamed %q, %v", c.key, text, ok)
			}
		}
		r.SetEditing(true, "old name")
		r.Field().SetText("new name")
		r.Field().TypedKey(&fyne.KeyEvent{Name: c.key})
		r.Field().FocusLost()
		if calls != 1 {
			t.Errorf("%s: told %d times", c.key, calls)
		}
	}
}

func TestSegmentedMovesByKeysWithinItsEnds(t *testing.T) {
	newApp(t)
	var told []int
	s := widgets.NewSegmented([]string{"a", "b", "c"}, 1, func(i int) { told = append(told, i) })
	for _, key := range []fyne.KeyName{fyne.KeyRight, fyne.KeyRight, fyne.KeyLeft, fyne.KeyLeft, fyne.KeyLeft} {
		s.TypedKey(&fyne.KeyEvent{Name: key})
	}
	if fmt.Sprint(told) != "[2 1 0]" || s.Chosen() != 0 {
		t.Errorf("told %v, chosen %d", told, s.Chosen())
	}
}

func TestColumnGivesWrappedTextItsHeight(t *testing.T) {
	newApp(t)
	text := widgets.NewLabel(strings.Repeat("many words ", 40), widgets.LabelStyle{Wrap: true})
	below := widgets.NewLabel("below", widgets.LabelStyle{})
	c := container.New(widgets.Column{Gap: 10}, text, below)
	c.Resize(fyne.NewSize(200, 1000))
	if text.Size().Height < 100 || below.Position().Y != text.Size().Height+10 {
		t.Errorf("text is %v high, the next begins at %v", text.Size().Height, below.Position().Y)
	}
}

// Fyne forgets the renderers of what it has not seen for a minute.
func TestANewRendererKnowsTheSize(t *testing.T) {
	newApp(t)
	for _, o := range []fyne.Widget{widgets.NewLabel("Some words", widgets.LabelStyle{}), widgets.NewChip("Chip", theme.ColorText), widgets.NewButton("Press", widgets.KindPlain, nil)} {
		o.Resize(fyne.NewSize(200, 40))
		found := false
		parts := o.CreateRenderer().Objects()
		for len(parts) > 0 {
			part := parts[0]
			parts = parts[1:]
			switch part := part.(type) {
			case *fyne.Container:
				parts = append(parts, part.Objects...)
			case *canvas.Text:
				found = found || part.Text != "" && part.Size().Width > 0
			}
		}
		if !found {
			t.Errorf("%T shows no text", o)
		}
	}
}

// An icon is coloured and read when it is new or the look changes, and not each time that its button is repainted.
func TestIconsAreReadAgainOnlyForAnotherLook(t *testing.T) {
	newApp(t)
	mode := func(m theme.Mode) {
		settings := fyne.CurrentApp().Settings()
		settings.SetTheme(settings.Theme().(*theme.Theme).With(theme.Options{Mode: m})) //nolint:errcheck // newApp put it on
	}
	mode(theme.ModeLight)
	b := widgets.NewIconButton(theme.Icon(theme.IconPlus), "New", func() {})
	w := test.NewWindow(b)
	defer w.Close()
	resource := func() fyne.Resource {
		t.Helper()
		for _, o := range test.WidgetRenderer(b).Objects() {
			if img, ok := o.(*canvas.Image); ok && img.Visible() {
				return img.Resource
			}
		}
		t.Fatal("no icon is shown")
		return nil
	}
	light := resource()
	b.Refresh()
	if resource() != light {
		t.Error("the icon was read again for nothing")
	}
	mode(theme.ModeDark)
	b.Refresh()
	dark := resource()
	if dark == light || dark.Name() == light.Name() || string(dark.Content()) == string(light.Content()) {
		t.Errorf("%s in the light look, %s in the dark one", light.Name(), dark.Name())
	}
	b.SetIcon(theme.Icon(theme.IconSend))
	if resource().Name() == dark.Name() {
		t.Error("the new icon is not shown")
	}
	b.Disable()
	if resource().Name() == dark.Name() {
		t.Error("the icon does not look disabled")
	}
}

func TestWhatLeadsIsNoWiderThanItsWords(t *testing.T) {
	newApp(t)
	text := widgets.NewLabel("Trip", widgets.LabelStyle{Natural: true})
	box := container.New(widgets.Lead{}, text)
	box.Resize(fyne.NewSize(400, 30))
	if got, want := text.Size().Width, text.MinSize().Width; got != want || want < 20 {
		t.Errorf("the words are %v wide, they stand in %v", want, got)
	}
	text.SetText(strings.Repeat("Trip to Norway ", 40))
	box.Refresh()
	if got := text.Size().Width; got != 400 || box.MinSize().Width != 0 {
		t.Errorf("long words stand in %v of 400 and ask for %v", got, box.MinSize().Width)
	}
}
