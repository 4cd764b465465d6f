package studio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/event"
	"loam/backend/imagemeta"
	"loam/store"
	"loam/store/storetest"
)

// painter is an engine that draws its seed; a test steers it.
type painter struct {
	hold    chan struct{} // nil = draw at once; else each picture waits for a value
	fail    error
	started chan int
	plain   bool // draws from text alone
	got     engine.PictureRequest
	lost    int // tensors of each LoRA that find no place
}

func (p *painter) Info() engine.PictureInfo {
	return engine.PictureInfo{Family: "test", Multiple: 8, Sampler: "euler", Scheduler: "discrete", UpscaleFactor: 2, Capabilities: engine.PictureCapabilities{
		Preview: true, Cancel: true, LoRA: !p.plain, Init: !p.plain, Mask: !p.plain, Upscale: !p.plain,
	}}
}

func (p *painter) Generate(ctx context.Context, r engine.PictureRequest, emit func(engine.PictureProgress) error) (engine.PictureResult, error) {
	p.got = r
	if p.started != nil {
		p.started <- int(r.Seed)
	}
	for i := range r.Steps {
		if err := emit(engine.PictureProgress{Phase: "sampling", Step: i + 1, Steps: r.Steps, Took: time.Second}); err != nil {
			return engine.PictureResult{}, err
		}
	}
	if p.hold != nil {
		select {
		case <-p.hold:
		case <-ctx.Done():
			return engine.PictureResult{}, ctx.Err()
		}
	}
	if p.fail != nil {
		return engine.PictureResult{}, p.fail
	}
	px := engine.Pixels{Width: r.Width, Height: r.Height, Channels: 3, Data: make([]byte, r.Width*r.Height*3)}
	for i := range px.Data {
		px.Data[i] = byte(i*int(r.Seed) + len(r.LoRAs))
	}
	res := engine.PictureResult{Pixels: px, Seed: r.Seed}
	for _, l := range r.LoRAs {
		res.LoRAs = append(res.LoRAs, engine.LoRAEffect{Path: l.Path, Applied: 7 - p.lost, Total: 9})
	}
	return res, nil
}

func (p *painter) Upscale(_ context.Context, px engine.Pixels, emit func(engine.PictureProgress) error) (engine.Pixels, error) {
	if err := emit(engine.PictureProgress{Phase: "upscale", Step: 1, Steps: 2, Took: time.Second}); err != nil {
		return engine.Pixels{}, err
	}
	out := engine.Pixels{Width: 2 * px.Width, Height: 2 * px.Height, Channels: 3}
	for y := range out.Height {
		for x := range out.Width {
			i := 3 * (y/2*px.Width + x/2)
			out.Data = append(out.Data, px.Data[i:i+3]...)
		}
	}
	return out, nil
}

func (p *painter) Close() error { return nil }

func (p *painter) AcquirePictures(context.Context, backend.Model, engine.PictureFiles) (engine.Imager, func(), error) {
	return p, func() {}, nil
}

// enlarger is an upscaler of shelf.
const enlarger = 7

// misfit is a LoRA of shelf that no engine must see.
const misfit = 99

// shelf is a library with one complete and one incomplete model and a LoRA.
type shelf struct{}

func (shelf) PictureFiles(_ context.Context, id int64) (backend.Model, engine.PictureFiles, error) {
	if id == 2 {
		return backend.Model{}, engine.PictureFiles{}, errors.New("the text encoder of Flux is missing")
	}
	if id == enlarger {
		return backend.Model{ID: id, Name: "twice", Kind: backend.KindUpscaler, SHA256: "bb"}, engine.PictureFiles{Upscaler: "/u"}, nil
	}
	return backend.Model{ID: id, Name: "tiny", SHA256: "aa"}, engine.PictureFiles{Checkpoint: "/m"}, nil
}

func (shelf) CheckLoRA(_ context.Context, lora, _ int64) error {
	if lora == misfit {
		return &backend.BadFile{Path: "/lora", Reason: "its shapes do not fit this model"}
	}
	return nil
}

func (shelf) LoRA(_ context.Context, id int64) (backend.Model, error) {
	return backend.Model{ID: id, Name: "ink", Path: "/lora"}, nil
}

type listener struct {
	mu  sync.Mutex
	all []event.Event
}

func (l *listener) Publish(e event.Event) { l.Deliver(e) }
func (l *listener) Deliver(e event.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, e)
}

type bench struct {
	*Service
	store *store.Store
	bus   *listener
	dir   string
}

func open(t *testing.T, p *painter, st *store.Store, dir string) bench {
	t.Helper()
	bus := &listener{}
	s := New(Deps{
		Store: st, Models: shelf{}, Engines: p, Bus: bus, Dir: dir, Version: "test",
		Owner: backend.Owner{PID: os.Getpid(), Started: 1, Boot: "b"}, Alive: func(backend.Owner) bool { return false },
		Logger: slog.New(slog.DiscardHandler),
	})
	t.Cleanup(s.Close)
	return bench{s, st, bus, dir}
}

func request() Request {
	return Request{ModelID: 1, Prompt: "a lighthouse", Width: 16, Height: 16, Steps: 3, CFG: 1, Seed: 5}
}

// settle waits until a job is in one of the states.
func (b bench) settle(t *testing.T, id int64, want ...backend.JobState) backend.Job {
	t.Helper()
	for range 2000 {
		j, err := b.store.Job(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if j.State == w {
				return j
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("job %d never became %v", id, want)
	return backend.Job{}
}

func TestPictureIsOnDiskWithWhatMadeIt(t *testing.T) {
	b := open(t, &painter{}, storetest.New(t), t.TempDir())
	r := request()
	r.LoRAs = []LoRA{{ModelID: 3, Weight: 0.8}}
	jobs, err := b.Enqueue(t.Context(), r, 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs {
		b.settle(t, j.ID, backend.JobDone)
	}
	ps, err := b.Pictures(t.Context(), 10, 0)
	if err != nil || len(ps) != 2 {
		t.Fatalf("%d pictures, %v", len(ps), err)
	}
	if ps[0].Seed != 6 || ps[1].Seed != 5 {
		t.Errorf("seeds %d and %d, want 6 and 5", ps[0].Seed, ps[1].Seed)
	}
	data, err := os.ReadFile(b.Path(ps[0]))
	if err != nil {
		t.Fatal(err)
	}
	m, err := imagemeta.ReadPNG(bytes.NewReader(data))
	if err != nil || m.Receipt == nil {
		t.Fatalf("no receipt in the file: %v", err)
	}
	l := m.Receipt.Settings.LoRAs
	if m.Receipt.Settings.Prompt != "a lighthouse" || len(l) != 1 || l[0].Applied != 7 || l[0].Total != 9 {
		t.Errorf("receipt %+v", m.Receipt)
	}
}

func TestStopKeepsTheRestOfTheQueue(t *testing.T) {
	p := &painter{hold: make(chan struct{}), started: make(chan int, 9)}
	b := open(t, p, storetest.New(t), t.TempDir())
	jobs, err := b.Enqueue(t.Context(), request(), 3)
	if err != nil {
		t.Fatal(err)
	}
	<-p.started
	for _, i := range []int{0, 1} { // the running one and a waiting one
		if err := b.Stop(t.Context(), jobs[i].ID); err != nil {
			t.Fatal(err)
		}
		b.settle(t, jobs[i].ID, backend.JobStopped)
	}
	<-p.started
	p.hold <- struct{}{}
	b.settle(t, jobs[2].ID, backend.JobDone)
}

func TestRefusedBeforeAnythingIsStored(t *testing.T) {
	b := open(t, &painter{}, storetest.New(t), t.TempDir())
	for name, change := range map[string]func(*Request){
		"no model": func(r *Request) { r.ModelID = 0 }, "missing encoder": func(r *Request) { r.ModelID = 2 },
		"size": func(r *Request) { r.Width = 1 << 30 }, "steps": func(r *Request) { r.Steps = 0 },
	} {
		r := request()
		change(&r)
		if _, err := b.Enqueue(t.Context(), r, 1); err == nil {
			t.Errorf("%s was not refused", name)
		}
	}
	if jobs, err := b.store.Jobs(t.Context()); err != nil || len(jobs) != 0 {
		t.Errorf("%d jobs after refusals, %v", len(jobs), err)
	}
}

func TestFailureIsKeptInWords(t *testing.T) {
	b := open(t, &painter{fail: errors.New("draw: the picture came out all one colour (numbers overflowed)")}, storetest.New(t), t.TempDir())
	jobs, err := b.Enqueue(t.Context(), request(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if j := b.settle(t, jobs[0].ID, backend.JobFailed); j.Error != "the picture came out all one colour (numbers overflowed)" {
		t.Errorf("error %q", j.Error)
	}
}

func TestJobsOfAnEarlierRunWaitForAWord(t *testing.T) {
	st, dir := storetest.New(t), t.TempDir()
	p := &painter{hold: make(chan struct{}), started: make(chan int, 9)}
	first := open(t, p, st, dir)
	jobs, err := first.Enqueue(t.Context(), request(), 3)
	if err != nil {
		t.Fatal(err)
	}
	<-p.started
	first.Close()
	if j := first.settle(t, jobs[0].ID, backend.JobInterrupted); j.Error == "" {
		t.Error("an interrupted job does not say why")
	}
	second := open(t, &painter{}, st, dir)
	left, err := second.Left(t.Context())
	if err != nil || len(left) != 3 {
		t.Fatalf("%d jobs left, %v", len(left), err)
	}
	if n := len(second.Queue()); n != 0 {
		t.Errorf("%d jobs started by themselves", n)
	}
	for _, j := range left {
		if err := second.Continue(t.Context(), j.ID); err != nil {
			t.Fatal(err)
		}
	}
	for _, j := range jobs {
		second.settle(t, j.ID, backend.JobDone)
	}
}

func TestFinishedFileWithoutItsRowIsFound(t *testing.T) {
	st, dir := storetest.New(t), t.TempDir()
	b := open(t, &painter{}, st, dir)
	job, err := st.AddJob(t.Context(), backend.Job{State: backend.JobInterrupted, Settings: []byte(`{}`)})
	if err != nil {
		t.Fatal(err)
	}
	rec := &imagemeta.Receipt{Format: 1, Job: job.ID, Settings: imagemeta.Settings{Prompt: "found again", Width: 8, Height: 8, Seed: 9}}
	var buf bytes.Buffer
	if err := imagemeta.EncodePNG(&buf, picture(engine.Pixels{Width: 8, Height: 8, Channels: 3, Data: make([]byte, 192)}), rec); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{fmt.Sprintf("%064x.png", 1): buf.Bytes(), ".drawing-1": {1}, "foreign.png": {1}, fmt.Sprintf("%064x.png", 2): {1}} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second time finds nothing new
		if _, err := b.Recover(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ps, err := b.Pictures(t.Context(), 0, 0)
	if err != nil || len(ps) != 1 || ps[0].Prompt != "found again" || ps[0].JobID != job.ID {
		t.Fatalf("%+v, %v", ps, err)
	}
	b.settle(t, job.ID, backend.JobDone)
	if _, err := os.Stat(filepath.Join(dir, ".drawing-1")); err == nil {
		t.Error("a half-written file is still there")
	}
}

func TestDiscardedJobsStayStoppedAndThoseOfThisRunGoOn(t *testing.T) {
	st, dir := storetest.New(t), t.TempDir()
	p := &painter{hold: make(chan struct{}), started: make(chan int, 9)}
	first := open(t, p, st, dir)
	old, err := first.Enqueue(t.Context(), request(), 2)
	if err != nil {
		t.Fatal(err)
	}
	<-p.started
	first.Close()
	q := &painter{hold: make(chan struct{}), started: make(chan int, 9)}
	second := open(t, q, st, dir)
	mine, err := second.Enqueue(t.Context(), request(), 2)
	if err != nil {
		t.Fatal(err)
	}
	<-q.started
	if err := second.Discard(t.Context(), old[0].ID, old[1].ID, mine[1].ID); err != nil {
		t.Fatal(err)
	}
	close(q.hold)
	for _, j := range mine {
		second.settle(t, j.ID, backend.JobDone)
	}
	for _, j := range old {
		second.settle(t, j.ID, backend.JobStopped)
	}
	if left, err := second.Left(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("%d jobs are left, %v", len(left), err)
	}
}
