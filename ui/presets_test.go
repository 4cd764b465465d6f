package ui

import (
	"testing"

	"fyne.io/fyne/v2"

	"loam/backend"
	"loam/backend/chat"
	"loam/ui/pages"
	"loam/ui/widgets"
)

func TestPresetsAreSavedUsedAndBeginNewChats(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	ctx := t.Context()
	calm := backend.Sampling{Temperature: 0.2, TopP: 1}
	if err := f.chats.SavePreset(ctx, chat.Preset{Name: "Brief", System: "Be brief.", Sampling: &calm}); err != nil {
		t.Fatal(err)
	}
	menu := func() []*fyne.MenuItem {
		list, err := f.chats.Presets(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return f.UI.chats.PresetMenu(list)
	}
	for _, look := range []string{"light", "dark"} {
		f.UI.setLook(pages.Look{Mode: look, Scale: 1})
		f.UI.chats.OpenTuning()
		f.fits("presets-" + look)
		f.draw("presets-" + look)
		f.float.close()
	}
	menuItem(t, menu(), "Brief")
	stored, err := f.chats.Chat(ctx, c.ID)
	if err != nil || stored.System != "Be brief." || stored.Sampling == nil || !stored.Sampling.Equal(calm) {
		t.Errorf("the chat has %+v, %v", stored, err)
	}
	items := menu()
	if !items[0].Checked {
		t.Error("the preset that is used is not ticked")
	}
	for _, m := range items {
		if m.Icon != nil && m.Action != nil && m.Label != "Save as a preset…" { // for all new chats with the model
			m.Action()
		}
	}
	f.focusedField().SetText("Always brief")
	f.press(fyne.KeyReturn)
	f.UI.chats.NewChat(0)
	f.write("Hello")
	f.press(fyne.KeyReturn)
	if begun, err := f.chats.Chat(ctx, f.UI.chats.Current()); err != nil || begun.ID == c.ID || begun.System != "Be brief." {
		t.Errorf("a new chat begins with %+v, %v", begun, err)
	}
	menuItem(t, menu(), "Remove", "Brief")
	if list, err := f.chats.Presets(ctx); err != nil || len(list) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	f.tap("Undo")
	if list, err := f.chats.Presets(ctx); err != nil || len(list) != 2 {
		t.Errorf("taken back: %+v, %v", list, err)
	}
}

// What is written in the panel of settings is kept however the panel is left.
func TestSettingsThatAreWrittenAreKeptHoweverTheirPanelCloses(t *testing.T) {
	for name, leave := range map[string]func(f *fixture){
		"Esc":            func(f *fixture) { f.press(fyne.KeyEscape) },
		"another page":   func(f *fixture) { f.mod(fyne.Key2) },
		"another card":   func(f *fixture) { f.UI.chats.ShowPlan() },
		"the window end": func(f *fixture) { f.UI.Close() },
	} {
		f := fakes(t)
		c := f.conversation(backend.MessageComplete)
		f.open(1280, 800)
		f.UI.chats.Open(c.ID)
		f.UI.chats.OpenTuning()
		prompt, ok := floats(f, func(e *widgets.Field) bool { return e.PlaceHolder == "How the model should behave, in your words" })
		if !ok {
			t.Fatal("there is no system prompt")
		}
		f.window.Canvas().Focus(prompt)
		f.write("Be kind.")
		leave(f)
		if got, err := f.chats.Chat(t.Context(), c.ID); err != nil || got.System != "Be kind." {
			t.Errorf("%s: the system prompt is %q, %v", name, got.System, err)
		}
	}
}
