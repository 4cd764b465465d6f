package ui

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/ui/uitest"
	"loam/ui/widgets"
)

// larger is another chat model beside the starter.
func larger(id int64) backend.Model {
	m := uitest.Starter(id)
	m.Name, m.Starter, m.SizeBytes, m.Path, m.Quant = "Qwen3 4B Instruct", false, 2_500_000_000, "/home/ada/models/qwen3-4b.gguf", "Q4_K_M"
	return m
}

// compares is a window in which a comparison is being set up.
func compares(t *testing.T, width, height float32) (*fixture, backend.Chat, backend.Message) {
	t.Helper()
	f := fakes(t)
	f.models.Installed = append(f.models.Installed, larger(2))
	c := f.conversation(backend.MessageComplete)
	m := f.path(c.ID)[1]
	f.chats.Records[m.ID] = backend.Generation{
		Engine: backend.EngineInfo{Engine: "llama-pack"}, Sampling: backend.Sampling{Temperature: 0.8, TopK: 40, TopP: 0.95, MinP: 0.05, RepeatPenalty: 1, Seed: 77},
	}
	f.open(width, height)
	f.UI.chats.Open(c.ID)
	f.UI.chats.Compare(m.ID)
	return f, c, m
}

// lastAsked is the last answer that was asked for.
func (f *fixture) lastAsked() (model int64, seed uint64, temperature float32) {
	f.t.Helper()
	if len(f.chats.Asked) == 0 {
		f.t.Fatal("nothing was asked for")
	}
	q := f.chats.Asked[len(f.chats.Asked)-1]
	return q.ModelID, q.Sampling.Seed, q.Sampling.Temperature
}

// beside is the newest reply, which has to be in a chat.
func (f *fixture) beside(chat int64) int64 {
	f.t.Helper()
	id := f.newest()
	if m, err := f.chats.Message(f.t.Context(), id); err != nil || m.ChatID != chat {
		f.t.Fatal("no reply is beside the shown one")
	}
	return id
}

// The reply that is there stands beside that of another model; the chosen one is shown and the tally told.
func TestAReplyIsComparedWithThatOfAnotherModel(t *testing.T) {
	f, c, m := compares(t, 1280, 800)
	f.says("Compare", "This reply", "Qwen3 4B Instruct", "Temperature", "Hide names", "one after the other")
	f.tapFloating("Compare")
	model, seed, _ := f.lastAsked()
	if model != 2 || seed != 77 || len(f.chats.Asked) != 1 {
		t.Errorf("model %d was asked with the seed %d", model, seed)
	}
	f.says("SmolLM2 135M Instruct (this reply)", "Day 1.", "Writing the second answer. Loam keeps one model in memory.")
	id := f.beside(c.ID)
	f.chats.Grow(id, "Another ")
	f.chats.Grow(id, "plan")
	f.says("Another plan")
	if path := f.path(c.ID); len(path) != 2 || path[1].ID != m.ID {
		t.Error("what is shown has changed before the choice")
	}
	f.chats.Finish(id, backend.MessageComplete, "")
	f.says("Which one is better?")
	f.chats.Tally = map[int64]backend.Tally{1: {Compared: 5, Chosen: 2}, 2: {Compared: 5, Chosen: 3}}
	f.chooseAnswer(1)
	if d := cmp.Diff([][2]int64{{id, m.ID}}, f.chats.Chosen); d != "" {
		t.Error(d)
	}
	f.says("You chose Qwen3 4B Instruct. It is shown in the chat now.", "chosen 3 of 5", "chosen 2 of 5")
	f.press(fyne.KeyEscape)
	if f.float.open() || f.path(c.ID)[1].ID != id {
		t.Error("it is still open, or the chosen reply is not shown")
	}
	f.show("models")
	f.UI.models.Reload()
	f.says("chosen 3 of 5")
}

// newest is the newest reply of all chats.
func (f *fixture) newest() (id int64) {
	for n := int64(1); n < 200; n++ {
		if m, err := f.chats.Message(f.t.Context(), n); err == nil && m.Role == backend.RoleAssistant {
			id = n
		}
	}
	return id
}

// chooseAnswer presses the button of a column.
func (f *fixture) chooseAnswer(column int) {
	f.t.Helper()
	n := 0
	for _, o := range f.window.Canvas().Overlays().List() {
		if b := findButton(o, func(b *widgets.Button) bool {
			if b.Text != "Choose this one" {
				return false
			}
			n++
			return n == column+1
		}); b != nil {
			b.Tapped(nil)
			return
		}
	}
	f.t.Fatal("no answer can be chosen")
}

// With hidden names both are written anew, and nothing tells them apart until one is chosen.
func TestHiddenNamesAreToldAfterTheChoice(t *testing.T) {
	f, c, _ := compares(t, 1280, 800)
	f.tapSwitch()
	f.tapFloating("Compare")
	first := f.beside(c.ID)
	f.chats.Grow(first, "One plan")
	f.chats.Finish(first, backend.MessageComplete, "")
	second := f.beside(c.ID)
	if second == first || len(f.chats.Asked) != 2 {
		t.Fatalf("%d answers were asked for", len(f.chats.Asked))
	}
	f.chats.Grow(second, "Two plans")
	floats := f.floatingText()
	f.says("Answer A", "Answer B", "One plan", "Two plans")
	if strings.Contains(floats, "Qwen3") || strings.Contains(floats, "Starter") || strings.Contains(floats, "words/s") {
		t.Errorf("names are told: %q", floats)
	}
	f.chats.Finish(second, backend.MessageComplete, "")
	a, b := f.chats.Asked[0], f.chats.Asked[1]
	if a.ModelID == b.ModelID || a.Sampling.Seed != b.Sampling.Seed {
		t.Errorf("asked for %+v and %+v", a, b)
	}
	f.chooseAnswer(0)
	if floats = f.floatingText(); !strings.Contains(floats, "Qwen3") || !strings.Contains(floats, "Starter") {
		t.Errorf("after the choice no names are told: %q", floats)
	}
}

// The same model with other settings: a bad number is told before anything begins.
func TestSettingsOfOneModelAreCompared(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	id := f.path(c.ID)[1].ID
	f.chats.Records[id] = backend.Generation{Engine: backend.EngineInfo{Engine: "llama-pack"}, Sampling: backend.Sampling{Temperature: 0.8, Seed: 3}}
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	f.UI.chats.Compare(id)
	field := f.settingField(1)
	field.SetText("warm")
	f.tapFloating("Compare")
	f.says("Temperature is a number between 0 and 5.")
	if len(f.chats.Asked) != 0 {
		t.Fatal("it began")
	}
	field.SetText("1,4")
	f.tapFloating("Compare")
	if model, _, temperature := f.lastAsked(); model != 1 || temperature != 1.4 {
		t.Errorf("model %d was asked at %v", model, temperature)
	}
	f.says("temperature 1.4", "temperature 0.8")
}

// Of a reply whose record is not known nothing is claimed.
func TestAReplyWithoutARecordIsComparedWithoutItsSettings(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	f.UI.chats.Compare(f.path(c.ID)[1].ID)
	if got := f.settingField(0).Text; got != "" {
		t.Errorf("the temperature of the reply is %q", got)
	}
	f.tapFloating("Compare")
	if n := strings.Count(f.floatingText(), "temperature"); n != 1 {
		t.Errorf("%d temperatures are told: %q", n, f.floatingText())
	}
}

// Closing stops what is being written, and the chat stays as it was.
func TestClosingAComparisonStopsIt(t *testing.T) {
	f, c, m := compares(t, 1280, 800)
	f.tapFloating("Compare")
	id := f.beside(c.ID)
	f.press(fyne.KeyEscape)
	if d := cmp.Diff([]int64{id}, f.chats.Stopped); d != "" || f.path(c.ID)[1].ID != m.ID {
		t.Error(d)
	}
	f.UI.chats.Compare(m.ID)
	f.chats.Refuse = backend.ErrBusy
	f.tapFloating("Compare")
	if f.float.open() || len(f.words()) == 0 {
		t.Error("a refusal is not told")
	}
}

// settingField is the temperature of a side.
func (f *fixture) settingField(side int) *widgets.Field {
	f.t.Helper()
	var found []*widgets.Field
	for _, o := range f.window.Canvas().Overlays().List() {
		eachObject(o, func(o fyne.CanvasObject) {
			if field, ok := o.(*widgets.Field); ok {
				found = append(found, field)
			}
		})
	}
	if len(found) <= side {
		f.t.Fatal("no fields are shown")
	}
	return found[side]
}

// tapSwitch presses the switch of what floats.
func (f *fixture) tapSwitch() {
	f.t.Helper()
	for _, o := range f.window.Canvas().Overlays().List() {
		eachObject(o, func(o fyne.CanvasObject) {
			if s, ok := o.(*widgets.Switch); ok {
				s.Tapped(&fyne.PointEvent{})
			}
		})
	}
}

// eachObject calls see for an object and everything visible in it.
func eachObject(o fyne.CanvasObject, see func(fyne.CanvasObject)) {
	if o == nil || !o.Visible() {
		return
	}
	see(o)
	var children []fyne.CanvasObject
	switch o := o.(type) {
	case *fyne.Container:
		children = o.Objects
	case fyne.Widget:
		children = test.WidgetRenderer(o).Objects()
	}
	for _, child := range children {
		eachObject(child, see)
	}
}

// floatingText is what the card over the window says.
func (f *fixture) floatingText() string {
	var b strings.Builder
	for _, o := range f.window.Canvas().Overlays().List() {
		texts(o, fyne.Position{}, false, func(t *canvas.Text, _ fyne.Position, _ bool) { b.WriteString(t.Text + "\n") })
	}
	return b.String()
}
