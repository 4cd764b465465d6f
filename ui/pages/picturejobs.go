package pages

import (
	"context"
	"image"
	"slices"

	"loam/backend"
	"loam/backend/event"
	"loam/backend/studio"
	"loam/ui/widgets"
)

// stop stops a job.
func (p *PicturesPage) stop(jobs ...int64) {
	p.env.Host.Load("stop", func(ctx context.Context) func() {
		for _, id := range jobs {
			if err := p.env.Studio.Stop(ctx, id); err != nil {
				return func() { p.env.Host.Fail(err, nil) }
			}
		}
		return nil
	})
}

// stopAll stops what runs and what waits, the waiting ones first, so that none of them starts.
func (p *PicturesPage) stopAll() {
	ids := p.env.Studio.Queue()
	slices.Reverse(ids)
	p.stop(ids...)
}

// queued is how many jobs wait besides the one on the stage.
func (p *PicturesPage) queued(shown int64) int {
	n := 0
	for _, id := range p.env.Studio.Queue() {
		if id != shown {
			n++
		}
	}
	return n
}

func (p *PicturesPage) tellProgress(share float32) {
	if p.progress != nil {
		p.progress(share)
	}
}

// askForLeft asks what is to become of the jobs that an earlier run left.
func (p *PicturesPage) askForLeft() {
	p.env.Host.Load("studio", func(ctx context.Context) func() {
		left, err := p.env.Studio.Left(ctx)
		if err != nil {
			return func() { p.env.Host.Fail(err, nil) }
		}
		var ids []int64
		for _, j := range left {
			ids = append(ids, j.ID)
		}
		if len(ids) == 0 {
			return nil
		}
		return func() { p.notifyLeft(ids) }
	})
}

func (p *PicturesPage) notifyLeft(ids []int64) {
	were := " were waiting."
	if len(ids) == 1 {
		were = " was waiting."
	}
	act := func(f func(ctx context.Context, ids ...int64) error) func() {
		return func() {
			p.env.Host.Load("draw", func(ctx context.Context) func() {
				if err := f(ctx, ids...); err != nil {
					return func() { p.env.Host.Fail(err, nil) }
				}
				return p.stage.show
			})
		}
	}
	p.env.Host.Notify(widgets.Notice{
		Key: "left", Text: count(len(ids), "picture") + were, Keep: true,
		Action: "Continue", Do: func() { p.env.Host.Go(PagePictures); act(p.env.Studio.Continue)() },
		Other: "Discard", OtherDo: act(p.env.Studio.Discard),
	})
}

// Handle takes an event of the bus.
func (p *PicturesPage) Handle(e event.Event) {
	switch e := e.(type) {
	case event.ModelChanged:
		p.Reload()
	case event.JobChanged:
		p.jobChanged(e)
	case event.JobProgress:
		p.stage.progress(e)
	case event.JobPreview:
		p.env.Host.Load("preview", func(context.Context) func() {
			img := previewImage(e.Width, e.Height, e.RGB)
			return func() { p.stage.preview(e.JobID, img) }
		})
	}
}

// jobChanged follows a job. Everything goes through one lane, so that what is shown comes in the order it happened.
func (p *PicturesPage) jobChanged(e event.JobChanged) {
	switch e.State {
	case backend.JobWaiting:
		p.stage.show()
	case backend.JobRunning:
		p.tellProgress(0.04)
		p.env.Host.Load("studio", func(ctx context.Context) func() {
			j, r, err := p.env.Studio.Job(ctx, e.JobID)
			if err != nil || j.State != backend.JobRunning {
				return nil // it is over already, and what came of it follows
			}
			start := p.startOf(r)
			return func() {
				p.stage.begin(e.JobID, r)
				p.stage.preview(e.JobID, start)
				p.strip.mark(0)
			}
		})
	case backend.JobDone:
		p.jobDone(e)
	case backend.JobStopped, backend.JobFailed, backend.JobInterrupted:
		p.env.Host.Load("studio", func(ctx context.Context) func() {
			j, r, err := p.env.Studio.Job(ctx, e.JobID)
			if err != nil {
				return func() { p.env.Host.Fail(err, nil) }
			}
			return func() { p.jobEnded(e, j, r) }
		})
	}
}

// startOf is what a picture starts from, in its shape, to be seen until there is a preview; nil = nothing.
func (p *PicturesPage) startOf(r studio.Request) image.Image {
	if r.Start == "" || r.Width < 1 || r.Height < 1 {
		return nil
	}
	img, err := readPicture(p.env.Studio.StartPath(r.Start), maxShownSide)
	if err != nil {
		return nil
	}
	return sameShape(img, r.Width, r.Height)
}

func (p *PicturesPage) jobDone(e event.JobChanged) {
	p.env.Host.Load("studio", func(ctx context.Context) func() {
		pic, err := p.env.Studio.Picture(ctx, e.PictureID)
		if err != nil {
			return func() { p.env.Host.Fail(err, nil) }
		}
		img, err := readPicture(p.env.Studio.Path(pic), maxShownSide)
		return func() {
			if err != nil {
				img = nil
			}
			p.tellProgress(0)
			p.session = append([]backend.Picture{pic}, p.session...)
			p.stage.finished(pic, img, doneLine(pic))
			for k, v := range paces([]backend.Picture{pic}) {
				p.known[k] = v
			}
			p.fillStrip()
			p.changed()
			p.checkTrial()
			if p.listing {
				p.gallery.reload()
			}
		}
	})
}

func (p *PicturesPage) jobEnded(e event.JobChanged, j backend.Job, r studio.Request) {
	if e.JobID != p.stage.job && e.State != backend.JobFailed {
		p.stage.show() // one that waited
		return
	}
	if e.JobID != p.stage.job && p.stage.running {
		return
	}
	p.tellProgress(0)
	p.stage.job, p.stage.request = e.JobID, r
	p.stage.ended(e.State, j.Error)
}
