package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"

	"loam/backend/engine"
	"loam/backend/wire"
)

// process is a running child. Two goroutines belong to it and end with it: wait, and exec's copying of stderr.
type process struct {
	spec  Spec
	cmd   *exec.Cmd
	in    *os.File // write end of the requests; its closing, also by our death, ends the child
	out   *os.File // read end of the replies
	w     *wire.Writer
	r     *wire.Reader
	words *lastWords
	hello wire.Hello
	end   func() error // kills the child
	ooms  uint64       // of the machine's out-of-memory kills, how many had been when the child began

	turn   chan struct{} // one slot: whoever has it speaks with the child
	lastID uint64        // of requests; belongs to turn

	done  chan struct{}   // closed when the child has been waited for
	death *engine.Crashed // set before done is closed; nil after a Close

	mu      sync.Mutex
	op      wire.Op // in progress; "" = none
	closing bool
	verdict *engine.Crashed // why we killed it; what the corpse says then is of no interest
}

// start runs a child and hears its greeting.
func start(ctx context.Context, s Spec) (*process, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	req, in, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start the engine process: %w", err)
	}
	defer req.Close()
	out, rep, err := os.Pipe()
	if err != nil {
		in.Close()
		return nil, fmt.Errorf("start the engine process: %w", err)
	}
	defer rep.Close()
	p := &process{
		spec: s, in: in, out: out, w: wire.NewWriter(in), r: wire.NewReader(out), words: &lastWords{}, ooms: oomKills(),
		turn: make(chan struct{}, 1), done: make(chan struct{}),
	}
	// ctx is for starting only: the process lives until it is closed.
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), s.Exe, append([]string{wire.Arg, s.Engine}, s.Args...)...)
	p.cmd.Dir = rootDir()
	p.cmd.Stderr = p.words            // exec makes the pipe; native code prints there. Its stdout is the null device.
	p.cmd.WaitDelay = 2 * time.Second // in case something else still holds stderr
	p.cmd.Env, err = inherit(p.cmd, wire.Start{Engine: s.Engine, ReadOnly: s.ReadOnly, NoSandbox: s.NoSandbox}, req, rep)
	if err == nil {
		p.cmd.Env = append(p.cmd.Env, s.Env...)
		err = p.cmd.Start()
	}
	p.end = func() error { return p.cmd.Process.Kill() }
	if err != nil {
		in.Close()
		out.Close()
		return nil, fmt.Errorf("start the engine process: %w", err)
	}
	go p.wait()
	if err := p.greet(ctx); err != nil {
		_ = p.close() // err says why
		return nil, err
	}
	return p, nil
}

// greet reads the first frame within the time allowed.
func (p *process) greet(ctx context.Context) error {
	timer := time.AfterFunc(p.spec.StartTimeout, func() { p.kill(engine.CauseHang, "it did not start in time") })
	defer timer.Stop()
	release := context.AfterFunc(ctx, func() { p.kill(engine.CauseKilled, "starting it was cancelled") })
	defer release()
	f, err := p.r.Next()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch {
	case errors.Is(err, wire.ErrKind), errors.Is(err, wire.ErrTooLong):
		return fmt.Errorf("%w (%w)", engine.ErrOtherBuild, err)
	case err != nil:
		return p.lost(ctx, err)
	}
	if f.Kind != wire.KindHello || f.Decode(&p.hello) != nil || p.hello.Build != p.spec.BuildID {
		return engine.ErrOtherBuild
	}
	p.spec.Logger.Debug("Engine process started", "pid", p.cmd.Process.Pid, "engine", p.hello.Engine,
		"confinement", p.hello.Confinement.String())
	return nil
}

// wait reaps the child, says why it ended, and closes the pipes when their last user has let go.
func (p *process) wait() {
	err := p.cmd.Wait()
	p.mu.Lock()
	switch {
	case p.closing:
	case p.verdict != nil:
		p.death = p.verdict
	default:
		p.death = classify(remains{
			state: p.cmd.ProcessState, err: err, words: p.words.String(), loading: p.op == wire.OpOpen,
			oomKilled: oomKills() > p.ooms,
		})
	}
	p.mu.Unlock()
	if p.death != nil {
		p.spec.Logger.Warn("Engine process ended", "pid", p.cmd.Process.Pid, "cause", string(p.death.Cause), "detail", p.death.Detail)
	}
	close(p.done)
	p.in.Close()
	_ = p.out.SetReadDeadline(time.Now().Add(p.spec.CloseGrace)) // a reader normally sees the end at once
	p.turn <- struct{}{}                                         // for ever: nobody speaks with it again
	p.out.Close()
}

func (p *process) setOp(op wire.Op) {
	p.mu.Lock()
	p.op = op
	p.mu.Unlock()
}

// kill ends the child now. The first cause given stands.
func (p *process) kill(c engine.Cause, detail string) {
	p.mu.Lock()
	if p.verdict == nil {
		p.verdict = &engine.Crashed{Cause: c, Detail: detail}
	}
	p.mu.Unlock()
	_ = p.end() // it may have ended already
}

// close ends the child by ending its stream, and kills it when that does not help.
func (p *process) close() error {
	p.mu.Lock()
	p.closing = true
	p.mu.Unlock()
	select {
	case <-p.done:
		return nil
	default:
	}
	p.in.Close()
	if p.waitFor(p.spec.CloseGrace) {
		return nil
	}
	_ = p.end()
	if p.waitFor(10 * time.Second) { // longer only where the kernel holds it, on a broken disk or driver
		return nil
	}
	return fmt.Errorf("engine process %d does not end", p.cmd.Process.Pid)
}

func (p *process) waitFor(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.done:
		return true
	case <-t.C:
		return false
	}
}

// lost turns a broken conversation into the reason for it, after the child has ended.
func (p *process) lost(ctx context.Context, err error) error {
	if errors.Is(err, errChild) {
		p.kill(engine.CauseUnknown, err.Error())
	}
	if !p.waitFor(p.spec.CloseGrace) { // it has closed its pipe and lives on
		p.kill(engine.CauseHang, "it went silent")
		if !p.waitFor(10 * time.Second) {
			return &engine.Crashed{Cause: engine.CauseHang, Detail: "the process does not end"}
		}
	}
	var crashed *engine.Crashed
	if end := p.ended(); ctx.Err() == nil || !errors.As(end, &crashed) || crashed.Cause != engine.CauseHang {
		return end
	}
	return ctx.Err() // we asked for it and had to kill
}

// ended is the error of every request after the end.
func (p *process) ended() error {
	if err := p.err(); err != nil {
		return err
	}
	return engine.ErrClosed
}

// err is nil while the child runs and after a close.
func (p *process) err() error {
	select {
	case <-p.done:
	default:
		return nil
	}
	if p.death == nil {
		return nil
	}
	return p.death
}

// fault is what a request's failure means here. A child that says it crashed (an abort that was caught) has answered,
// but is of no more use.
func (p *process) fault(ctx context.Context, err error) error {
	var crashed *engine.Crashed
	if errors.As(err, &crashed) {
		p.kill(crashed.Cause, crashed.Detail)
		return p.lost(ctx, err)
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return ctx.Err()
	}
	return err
}
