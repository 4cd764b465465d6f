package ui

import (
	"strings"
	"sync"
	"testing"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/attach"
	"loam/backend/event"
	"loam/ui/pages"

	"fyne.io/fyne/v2"
)

// reader is what reads files for their meaning, and how far it says it is.
type reader struct {
	mu     sync.Mutex
	states map[string]event.FileMeaning
	calls  []string
}

func (r *reader) call(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, name)
}

func (r *reader) Begin(backend.Attachment)  {}
func (r *reader) Stop(backend.Attachment)   { r.call("stop") }
func (r *reader) Again(backend.Attachment)  { r.call("again") }
func (r *reader) Forget(backend.Attachment) { r.call("forget") }

func (r *reader) State(a backend.Attachment) event.FileMeaning {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.states[a.Text]
}

// is says how far the file of a text is, and has the window hear it.
func (r *reader) is(f *fixture, e event.FileMeaning) {
	r.mu.Lock()
	r.states[e.Text] = e
	r.mu.Unlock()
	f.handle(e)
}

func TestAChipSaysHowFarItsFileIsRead(t *testing.T) {
	f := fakes(t)
	r := &reader{states: map[string]event.FileMeaning{}}
	f.meaning = r
	f.open(1280, 800)
	f.drop(f.textFile("long.txt", "words"))
	f.says("long.txt, 1 KB")
	text := f.chats.LastText()
	r.is(f, event.FileMeaning{Text: text, State: event.MeaningReading, Done: 47, Total: 100, Model: "near"})
	f.says("long.txt, 1 KB · reading 40 %")
	r.is(f, event.FileMeaning{Text: text, State: event.MeaningReady})
	if strings.Contains(f.shownText(), "reading") {
		t.Error("a file that is read is still being read")
	}
	r.is(f, event.FileMeaning{Text: "another", State: event.MeaningReading, Done: 1, Total: 2})
	if strings.Contains(f.shownText(), "reading") {
		t.Error("the chip tells of another file")
	}
}

func TestTheListSaysHowPassagesWereFound(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.drop(f.textFile("long.txt", "words"))
	f.write("How do I get away?")
	p := f.asked()
	p.Picks[0].Meaning = "near"
	p.Picks[0].List[0].By, p.Picks[0].List[1].By = attach.ByMeaning, attach.ByWords|attach.ByMeaning
	f.chats.Refuse = p
	f.press(fyne.KeyReturn)
	f.says("Found by words and by meaning (near).", "300 tokens, by its meaning", "150 tokens, by its words and its meaning")
	f.tapFloating("Not yet")
	p.Picks[0].Meaning, p.Picks[0].Unread = "", true
	f.press(fyne.KeyReturn)
	f.says("Found by words alone: the file is not read for its meaning yet.", "300 tokens")
	if strings.Contains(f.shownText(), "by its meaning") {
		t.Error("passages are said to be found by what was not asked")
	}
}

func TestSettingsChooseWhatFindsPassages(t *testing.T) {
	f := fakes(t)
	f.system.Embedding = []backend.Model{{ID: 7, Name: "near", Kind: backend.KindEmbedding}, {ID: 8, Name: "nearer", Kind: backend.KindEmbedding}}
	f.open(1280, 800)
	f.show(pages.PageSettings)
	f.says("Find passages by meaning with")
	f.tap("near")
	f.menuItem("nearer")
	var id int
	if _, err := f.system.Setting(t.Context(), app.KeyMeaning, &id); err != nil || id != 8 {
		t.Errorf("model %d, %v", id, err)
	}
	f.tap("nearer")
	f.menuItem("Off: by words alone")
	if _, err := f.system.Setting(t.Context(), app.KeyMeaning, &id); err != nil || id != app.MeaningOff {
		t.Errorf("model %d, %v", id, err)
	}
}
