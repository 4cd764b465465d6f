package meaning

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"loam/backend"
	"loam/backend/attach"
	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/event"

	"github.com/google/go-cmp/cmp"
)

// desk is a service over fake engines.
type desk struct {
	*Service
	t     *testing.T
	files *attach.Files
	model backend.Model

	mu      sync.Mutex
	loads   int
	failing error
	none    bool
	noisy   chan struct{} // closed when it gets quiet; nil = it is
	events  []event.FileMeaning
}

func inBubble(t *testing.T, m enginetest.Model, test func(t *testing.T, d *desk)) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{t: t, files: attach.NewFiles(t.TempDir())}
		d.model = backend.Model{ID: 1, Name: "near", Path: enginetest.WriteModel(t, t.TempDir(), m), SHA256: strings.Repeat("a", 64)}
		e, err := enginetest.Driver().(engine.EmbedDriver).OpenEmbedder(t.Context(), engine.LoadRequest{Path: d.model.Path}, nil)
		if err != nil {
			t.Fatal(err)
		}
		bus := event.NewBus()
		bus.Subscribe(0, func(list []event.Event) {
			d.mu.Lock()
			defer d.mu.Unlock()
			for _, e := range list {
				d.events = append(d.events, e.(event.FileMeaning))
			}
		})
		d.Service = New(Deps{
			Files: d.files, Bus: bus,
			Model: func(context.Context) (backend.Model, error) {
				d.mu.Lock()
				defer d.mu.Unlock()
				if d.none {
					return backend.Model{}, backend.ErrNoModel
				}
				return d.model, nil
			},
			Acquire: func(context.Context, backend.Model) (engine.Embedder, func(), error) {
				d.mu.Lock()
				defer d.mu.Unlock()
				d.loads++
				return e, func() {}, d.failing
			},
			Quiet: func(ctx context.Context) error {
				d.mu.Lock()
				noisy := d.noisy
				d.mu.Unlock()
				if noisy == nil {
					return nil
				}
				select {
				case <-noisy:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			},
		})
		defer bus.Close()
		defer d.Close()
		test(t, d)
	})
}

// pages is a text of n pages; one of them, the last but one, tells of a refund.
func (d *desk) pages(n int) (a backend.Attachment, text string, passages []backend.Passage) {
	d.t.Helper()
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("page%d tells of subject%d", i, i))
	}
	list[n-2] = "A refund is paid within a fortnight"
	text = strings.Join(list, "\f")
	sum, err := d.files.Put([]byte(text))
	if err != nil {
		d.t.Fatal(err)
	}
	return backend.Attachment{Name: "terms.pdf", Kind: backend.AttachPDF, Text: sum}, text, attach.Split(backend.AttachPDF, text)
}

func (d *desk) states() (list []event.MeaningState) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.events {
		if n := len(list); n == 0 || list[n-1] != e.State {
			list = append(list, e.State)
		}
	}
	return list
}

func best(near []float32) int {
	at := 0
	for i, x := range near {
		if x > near[at] {
			at = i
		}
	}
	return at
}

var synonyms = enginetest.Model{Means: map[string]string{"reimbursed": "refund", "when": "within", "am": "is"}}

func TestFileIsReadOnceAndThenCompared(t *testing.T) {
	inBubble(t, synonyms, func(t *testing.T, d *desk) {
		a, text, passages := d.pages(30)
		q := d.Ask(t.Context(), "When am I reimbursed?", "")
		if _, err := q.Near(t.Context(), a, text, passages); !errors.Is(err, ErrNotRead) {
			t.Fatal(err)
		}
		synctest.Wait() // that began it
		if d := cmp.Diff([]event.MeaningState{event.MeaningWaiting, event.MeaningReading, event.MeaningReady}, d.states()); d != "" {
			t.Error(d)
		}
		near, err := q.Near(t.Context(), a, text, passages)
		if err != nil || len(near) != 30 || best(near) != 28 {
			t.Errorf("%v, %v", near, err)
		}
		loads := d.loads
		d.Begin(a)
		synctest.Wait()
		if d.loads != loads || d.State(a).State != event.MeaningReady {
			t.Errorf("it is read again: %+v", d.State(a))
		}
	})
}

func TestFewPassagesAreComparedAtOnce(t *testing.T) {
	inBubble(t, synonyms, func(t *testing.T, d *desk) {
		a, text, passages := d.pages(4)
		d.Begin(a)
		synctest.Wait()
		if len(d.states()) > 1 || d.loads > 0 {
			t.Errorf("%v, %d loads", d.states(), d.loads)
		}
		near, err := d.Ask(t.Context(), "reimbursed?", "").Near(t.Context(), a, text, passages)
		if err != nil || best(near) != 2 {
			t.Errorf("%v, %v", near, err)
		}
	})
}

func TestReadingWaitsForQuietAndCanBeStopped(t *testing.T) {
	m := synonyms
	m.EmbedMS = 50
	inBubble(t, m, func(t *testing.T, d *desk) {
		a, _, _ := d.pages(30)
		d.noisy = make(chan struct{})
		d.Begin(a)
		synctest.Wait()
		if s := d.State(a); s.State != event.MeaningWaiting || s.Total != 30 || d.loads != 0 {
			t.Errorf("%+v, %d loads", s, d.loads)
		}
		close(d.noisy)
		time.Sleep(time.Second)
		synctest.Wait()
		if s := d.State(a); s.State != event.MeaningReading || s.Done == 0 {
			t.Errorf("%+v", s)
		}
		d.Stop(a)
		synctest.Wait()
		loads := d.loads
		d.Begin(a) // as every plan does
		time.Sleep(time.Minute)
		if s := d.State(a); s.State != event.MeaningStopped || d.loads != loads {
			t.Errorf("%+v", s)
		}
		d.Again(a)
		if err := d.Wait(t.Context(), a, func(int, int) {}); err != nil || d.State(a).State != event.MeaningReady {
			t.Errorf("%+v, %v", d.State(a), err)
		}
	})
}

func TestWaitEndsHoweverReadingEnds(t *testing.T) {
	inBubble(t, synonyms, func(t *testing.T, d *desk) {
		a, _, _ := d.pages(30)
		ignore := func(int, int) {}
		if err := d.Wait(t.Context(), a, ignore); err != nil {
			t.Error("what nobody began:", err)
		}
		d.failing = errors.New("broken")
		d.Begin(a)
		if err := d.Wait(t.Context(), a, ignore); err == nil || err.Error() != "broken" {
			t.Error(err)
		}
		d.Begin(a) // it stays as it is
		if s := d.State(a); s.State != event.MeaningFailed {
			t.Errorf("%+v", s)
		}
		d.failing, d.none = nil, true
		d.Again(a)
		if err := d.Wait(t.Context(), a, ignore); err != nil {
			t.Error("without a model:", err)
		}
		if d.Ask(t.Context(), "question", "") != nil {
			t.Error("it asks without a model")
		}
	})
}

func TestTextThatIsTakenAwayKeepsNothing(t *testing.T) {
	m := synonyms
	m.EmbedMS = 100
	inBubble(t, m, func(t *testing.T, d *desk) {
		a, _, _ := d.pages(30)
		d.Begin(a)
		time.Sleep(time.Second)
		if err := d.files.Remove(a.Text); err != nil {
			t.Fatal(err)
		}
		if err := d.Wait(t.Context(), a, func(int, int) {}); err != nil {
			t.Error(err)
		}
		for _, key := range keysOf(d.model, a) {
			if _, err := d.files.Vectors(a.Text, key); err == nil {
				t.Error("its vectors are kept")
			}
		}
		if s := d.State(a); s.State != event.MeaningNone {
			t.Errorf("%+v", s)
		}
	})
}

func TestAnotherModelReadsAnew(t *testing.T) {
	inBubble(t, synonyms, func(t *testing.T, d *desk) {
		a, text, passages := d.pages(30)
		d.Begin(a)
		synctest.Wait()
		d.mu.Lock()
		d.model.SHA256 = strings.Repeat("b", 64)
		d.mu.Unlock()
		q := d.Ask(t.Context(), "reimbursed", "")
		if _, err := q.Near(t.Context(), a, text, passages); !errors.Is(err, ErrNotRead) {
			t.Error("the vectors of another model are compared:", err)
		}
		d.ModelChanged()
		synctest.Wait()
		if near, err := q.Near(t.Context(), a, text, passages); err != nil || best(near) != 28 {
			t.Error(near, err)
		}
	})
}

func TestAFileThatWaitsOutlivesAChangeOfTheModel(t *testing.T) {
	m := synonyms
	m.EmbedMS = 100
	inBubble(t, m, func(t *testing.T, d *desk) {
		a, _, _ := d.pages(30)
		d.Begin(a)
		d.ModelChanged()
		time.Sleep(time.Second)
		d.ModelChanged()
		if err := d.Wait(t.Context(), a, func(int, int) {}); err != nil || d.State(a).State != event.MeaningReady {
			t.Errorf("%+v, %v", d.State(a), err)
		}
	})
}

func TestWhatWasSaidBeforeCountsALittle(t *testing.T) {
	inBubble(t, synonyms, func(t *testing.T, d *desk) {
		a, text, passages := d.pages(4)
		near := func(question, older string) []float32 {
			list, err := d.Ask(t.Context(), question, older).Near(t.Context(), a, text, passages)
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		if i := best(near("And then what?", "Tell me of the refund")); i != 2 {
			t.Errorf("passage %d", i)
		}
		if i := best(near("subject0", "refund")); i != 0 {
			t.Errorf("what was said before counts more than the question: passage %d", i)
		}
	})
}

func TestSlowAnswerIsNotWaitedFor(t *testing.T) {
	m := synonyms
	m.EmbedMS = int(time.Hour / time.Millisecond)
	inBubble(t, m, func(t *testing.T, d *desk) {
		a, text, passages := d.pages(4)
		began := time.Now()
		if _, err := d.Ask(t.Context(), "refund", "").Near(t.Context(), a, text, passages); err == nil || time.Since(began) > askLimit {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}

func TestAffixesAreThoseOfTheFamily(t *testing.T) {
	for name, want := range map[string][2]string{
		"all-MiniLM-L6-v2":               {"Q", "T"},
		"nomic-embed-text-v1.5.Q8_0":     {"search_query: Q", "search_document: T"},
		"multilingual-e5-small":          {"query: Q", "passage: T"},
		"multilingual-e5-large-instruct": {"Instruct: Given a question, retrieve passages that answer it\nQuery: Q", "T"},
		"bge-small-en-v1.5":              {"Represent this sentence for searching relevant passages: Q", "T"},
		"bge-m3":                         {"Q", "T"},
		"Qwen3-Embedding-0.6B":           {"Instruct: Given a question, retrieve passages that answer it\nQuery:Q", "T"},
		"embeddinggemma-300M":            {"task: search result | query: Q", "title: terms.pdf | text: T"},
		"snowflake-arctic-embed-m-v2.0":  {"query: Q", "T"},
		"snowflake-arctic-embed-xs":      {"Represent this sentence for searching relevant passages: Q", "T"},
		"mxbai-embed-large-v1":           {"Represent this sentence for searching relevant passages: Q", "T"},
		"Some Model 5e5":                 {"Q", "T"},
		"granite-embedding-107m":         {"Q", "T"},
	} {
		a := affixOf(backend.Model{Name: name})
		if d := cmp.Diff(want, [2]string{a.query("Q"), a.document("terms.pdf", "T")}); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}
