package ui

import (
	"context"
	"os"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"loam/backend"
	"loam/backend/event"
	"loam/backend/hardware"
	"loam/ui/pages"
	"loam/ui/uitest"
)

// noon is a time at which "today" is not about to end.
var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// inline runs slow work directly and timers when the test says that time has passed.
type inline struct {
	now    time.Time
	timers []*timer
	hold   bool // work waits for release, as it does when it is slow
	held   []task
}

type timer struct {
	at time.Time
	f  func()
}

func (r *inline) run(_ string, work task) {
	if r.hold {
		r.held = append(r.held, work)
		return
	}
	if assign := work(context.Background()); assign != nil {
		assign()
	}
}

// release does the work that was held, in order, and what it leads to.
func (r *inline) release() {
	r.hold = false
	for _, work := range r.held {
		r.run("", work)
	}
	r.held = nil
}

func (r *inline) after(d time.Duration, f func()) (cancel func()) {
	t := &timer{r.now.Add(d), f}
	r.timers = append(r.timers, t)
	return func() { r.timers = slices.DeleteFunc(r.timers, func(x *timer) bool { return x == t }) }
}

func (r *inline) close(time.Duration) {}

// pass lets time go by and runs what was waiting for it.
func (r *inline) pass(d time.Duration) {
	r.now = r.now.Add(d)
	for {
		i := slices.IndexFunc(r.timers, func(t *timer) bool { return !t.at.After(r.now) })
		if i < 0 {
			return
		}
		f := r.timers[i].f
		r.timers = slices.Delete(r.timers, i, i+1)
		f()
	}
}

// fixture is a window over fakes.
type fixture struct {
	*UI
	t       testing.TB
	chats   *uitest.Chats
	models  *uitest.Models
	engines *uitest.Engines
	system  *uitest.System
	studio  *uitest.Studio

	transfer *uitest.Transfer
	getting  *uitest.Getting // nil = models are not looked for elsewhere
	meaning  pages.Meaning   // nil = passages are found by words alone
	time     *inline
	files    []pages.Found // what a search in files finds
}

// fakes are services with a starter and nothing else.
func fakes(t testing.TB) *fixture {
	f := &fixture{
		t: t, chats: uitest.NewChats(), engines: &uitest.Engines{},
		models: &uitest.Models{Installed: []backend.Model{uitest.Starter(1)}, Files: map[string]backend.Model{}},
		system: &uitest.System{
			Is: hardware.Machine{
				Arch: "amd64", CPU: "AMD Ryzen 7 7840U", MemoryTotal: 16 << 30, PhysicalCores: 8, LogicalCores: 16,
			},
			Report: hardware.Report{Findings: []hardware.Finding{
				{ID: "variant", Title: "The fastest CPU code is used", State: hardware.OK, Detail: "zen4 was chosen among 11."},
				{ID: "gpu", Title: "No GPU was found", State: hardware.Warn, Detail: "Replies are computed on the processor, which is slower.", Next: "Nothing needs to be done."},
			}},
		},
		time:   &inline{now: noon},
		studio: &uitest.Studio{Dir: t.TempDir(), Now: noon},
	}
	f.chats.Now = func() time.Time { return noon }
	f.transfer = &uitest.Transfer{Chats: f.chats}
	return f
}

// open makes the window over the fakes and shows it.
func (f *fixture) open(width, height float32) *fixture {
	f.t.Helper()
	u, err := New(newCalmApp(), Deps{
		Chats: f.chats, Models: f.models, Engines: f.engines, Studio: f.studio, System: f.system, Transfer: f.transfer,
		Folders: pages.Folders{Data: "/home/ada/.local/share/loam", Models: "/home/ada/.local/share/loam/models", Logs: "/home/ada/.local/state/loam"},
		About:   pages.About{Version: "0.1.0", Commit: "f5870d9", Licenses: func() string { return "fyne: BSD-3-Clause" }},
	}, os.DirFS("../assets"))
	if err != nil {
		f.t.Fatal(err)
	}
	if f.getting != nil {
		u.deps.Getting = f.getting
	}
	u.theme = sharedLook(u.theme)
	u.deps.Meaning = f.meaning
	u.deps.SearchFiles = func(context.Context, string, int) ([]pages.Found, error) { return f.files, nil }
	u.now = func() time.Time { return f.time.now }
	u.tasks = f.time
	u.dispatch = newDispatcher(func(f func()) { f() }, u.handle)
	f.UI = u
	f.chats.Tell = func(e event.Event) { u.dispatch.events([]event.Event{e}) }
	f.models.Tell, f.studio.Tell = f.chats.Tell, f.chats.Tell
	u.Open(nil)
	f.t.Cleanup(func() {
		if slices.Contains(u.app.Driver().AllWindows(), u.window) {
			u.window.Close()
		}
	})
	f.resize(width, height)
	return f
}

func (f *fixture) resize(width, height float32) {
	f.window.Resize(fyne.NewSize(width, height))
}

// conversation stores a chat with a question and an answer, and some older chats.
func (f *fixture) conversation(state backend.MessageState) backend.Chat {
	for i, title := range []string{"Code review", "Recipe for bread", "Sea shanties", "Why is the sky blue?", "Taxes"} {
		f.chats.AddChat(backend.Chat{Title: title, Updated: noon.AddDate(0, 0, -i*3-1)})
	}
	c := f.chats.AddChat(backend.Chat{Title: "Trip to Norway", Updated: noon})
	f.chats.AddMessage(backend.Message{ChatID: c.ID, Role: backend.RoleUser, Text: "Plan 3 days in Bergen"})
	f.chats.AddMessage(backend.Message{
		ChatID: c.ID, Role: backend.RoleAssistant, State: state, ModelID: 1, ModelName: "SmolLM2 135M Instruct", Stop: backend.StopEnd,
		Usage: backend.Usage{ReplyTokens: 214, ReplyTime: 2 * time.Second},
		Text:  "**Day 1.** Start at *Bryggen*, the old wharf.\n\n- Fløibanen up to the view\n- Fish market\n\n```go\nfmt.Println(\"hei\")\n```\n\nDay 2 goes out to the fjord.",
	})
	return c
}
