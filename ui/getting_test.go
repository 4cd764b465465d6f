package ui

import (
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/event"
	"loam/backend/hardware"
	"loam/backend/hub"
	"loam/ui/pages"
	"loam/ui/uitest"
	"loam/ui/widgets"
)

// shop is a window with a hub that has one model in two quantizations, and what is needed to find it.
func shop(t *testing.T) (*fixture, *uitest.Getting) {
	t.Helper()
	small := hub.Found{Repo: "owner/Small-GGUF", Downloads: 12_000, License: "apache-2.0", Parameters: 3.2e9}
	choice := func(name string, size int64, fit hardware.Fit, best bool) app.Choice {
		return app.Choice{Fit: fit, Recommended: best, Choice: hub.Choice{
			Name: name, Quality: hub.Quality(name), Files: []hub.File{{Path: "small-" + name + ".gguf", SizeBytes: size, SHA256: strings.Repeat("a", 60) + name[:4]}},
			Model: backend.Model{Kind: backend.KindChat, Quant: name},
		}}
	}
	g := &uitest.Getting{
		Found: []hub.Found{small, {Repo: "other/Large-GGUF", License: "llama3.1", Gated: true}},
		Text:  "# Small\n\nA small model.",
		Offers: map[string]app.Offer{"owner/Small-GGUF": {
			Repo: hub.Repo{Found: small, Card: hub.Facts{License: "apache-2.0", Datasets: []string{"owner/words"}}},
			Choices: []app.Choice{
				choice("Q4_K_M", 2e9, hardware.Fit{Verdict: hardware.RunsGood, Needed: 3e9, Leaves: 5e9, Tokens: 12}, true),
				choice("BF16", 22e9, hardware.Fit{Verdict: hardware.RunsNot, Needed: 22e9}, false),
			},
		}},
	}
	f := fakes(t)
	f.getting = g
	f.open(1280, 800)
	f.show(pages.PageModels)
	return f, g
}

func (f *fixture) find(text string) {
	f.t.Helper()
	f.modelsPage().Tab(1)
	f.write(text)
	f.press("Return")
}

// modelsPage is the page, whose name the fixture has for its service.
func (f *fixture) modelsPage() *pages.ModelsPage { return f.UI.models }

func TestLookingForModelsAsksNothingBeforeAWord(t *testing.T) {
	f, g := shop(t)
	f.modelsPage().Tab(1)
	f.says("Searching asks huggingface.co.", "nothing else is")
	if len(g.Queries) != 0 {
		t.Errorf("asked %+v", g.Queries)
	}
	f.tap("Show what is popular")
	f.says("Small-GGUF", "Large-GGUF", "asks for a yes to its terms", "12k downloads")
}

func TestAModelIsFoundAndDownloaded(t *testing.T) {
	f, g := shop(t)
	f.find("small")
	if len(g.Queries) != 1 || g.Queries[0].Text != "small" || g.Queries[0].Kind != hub.Chat {
		t.Fatalf("asked %+v", g.Queries)
	}
	f.tapRow("Small-GGUF")
	f.says("Recommended here: about 9 words/s, leaves 5 GB free", "won't fit: needs 22 GB", "Licence: Apache-2.0", "Named: owner/words.")
	f.tap("Download 2 GB")
	f.says("Downloading 2 GB", "0 MB of 2 GB")
	f.handle(event.DownloadProgress{DownloadID: 1, Done: 1e9, Total: 2e9, PerSecond: 10e6})
	f.says("1 GB of 2 GB · 10 MB/s · about 2 min left")
	f.handle(event.DownloadProgress{DownloadID: 1, Done: 1e9, Total: 2e9, Note: "No connection to huggingface.co; trying again in 40s"})
	f.says("trying again in 40s")

	f.tapTip("Pause")
	f.says("Paused · ")
	f.tapTip("Resume")
	if g.List[0].State != backend.DownloadRunning {
		t.Errorf("%+v", g.List[0])
	}
	f.tapTip("Give it up")
	f.says("will be freed in 10 minutes")
	f.tap("Undo")
	if len(g.List) != 1 || g.List[0].State != backend.DownloadPaused {
		t.Errorf("%+v", g.List)
	}
	g.Set(1, backend.DownloadDone, "", 1)
	f.handle(event.DownloadChanged{DownloadID: 1})
	f.says("Downloaded and checked", "Here already")
}

func TestADownloadThatFailsIsToldElsewhere(t *testing.T) {
	f, g := shop(t)
	f.find("small")
	f.tapRow("Small-GGUF")
	f.tap("Download 2 GB")
	f.show(pages.PageChats)
	g.Set(1, backend.DownloadFailed, "The disk is full. Free some space and resume.", 0)
	f.handle(event.DownloadChanged{DownloadID: 1})
	f.says("The disk is full.")
	f.tap("Resume")
	if g.List[0].State != backend.DownloadRunning {
		t.Errorf("%+v", g.List[0])
	}
	g.Set(1, backend.DownloadDone, "", 1)
	f.handle(event.DownloadChanged{DownloadID: 1})
	f.says("is here.")
}

func TestEscLeavesTheDetail(t *testing.T) {
	f, _ := shop(t)
	f.find("")
	f.tapRow("Small-GGUF")
	f.says("Training data")
	f.press("Escape")
	f.says("Large-GGUF")
}

func TestOfflineIsSaidWithASwitch(t *testing.T) {
	f, g := shop(t)
	g.Shut = true
	f.find("small")
	f.says("Loam is offline, as its settings say.")
	f.tap("Go online")
	on := true
	if _, err := f.system.Setting(t.Context(), "network.offline", &on); err != nil || on {
		t.Errorf("offline %v, %v", on, err)
	}
}

func TestWhatAnEarlierRunLeftIsOffered(t *testing.T) {
	f := fakes(t)
	f.getting = &uitest.Getting{}
	d := backend.Download{ID: 7, State: backend.DownloadPaused, DoneBytes: 1e9, Want: backend.DownloadWant{Name: "Small Q4_K_M", Files: []backend.DownloadFile{{Path: "a", SizeBytes: 2e9}}}}
	f.getting.Unready, f.getting.List = []backend.Download{d}, []backend.Download{d}
	f.open(1280, 800)
	f.says("Small Q4_K_M was not finished: 1 GB of 2 GB are here.")
	if f.getting.Active() != 0 {
		t.Error("it goes on by itself")
	}
	f.tap("Resume")
	if f.getting.Active() != 1 {
		t.Error("it does not go on")
	}
}

func TestClosingAsksOnceWhileADownloadRuns(t *testing.T) {
	f, _ := shop(t)
	f.find("small")
	f.tapRow("Small-GGUF")
	f.tap("Download 2 GB")
	f.closeWindow()
	f.says("A download is not finished.")
	f.tapFloating("Stop")
	if !f.closed {
		t.Error("the window is open")
	}
}

func TestWhatWasAskedIsShown(t *testing.T) {
	f, g := shop(t)
	f.show(pages.PageSettings)
	f.tapOne("Show", func(b *widgets.Button) bool { return b.Text == "Show" && !b.Disabled() }) // that of the trash has nothing to show
	f.says("search for models", "huggingface.co/api/models?search=small")
	f.float.close()
	f.says("There is no token.")
	g.Token = ""
}
