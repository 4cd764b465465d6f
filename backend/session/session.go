// Package session asks the desktop session around the program for manners: to stay awake while something computes, and
// whether there is a tray to hide in. Where nobody listens (no D-Bus, a bare window manager) nothing happens, silently.
//
// app makes one Keeper and holds it for every engine that is in use. Hold and its release return at once: the system is
// asked by a goroutine of the Keeper, which ends with Close. What is held when the process dies is given back by the
// system, on Linux and Windows by itself, on macOS because the helper watches this process.
package session

import (
	"log/slog"
	"sync"
)

// why is what the system tells a person who asks what keeps the machine awake.
const why = "A model is computing"

// Inhibit asks the system not to fall asleep until release is called.
type Inhibit func(why string) (release func(), err error)

// Keeper keeps the machine awake while anybody holds it.
type Keeper struct {
	inhibit Inhibit
	log     *slog.Logger
	wake    chan struct{} // something changed
	done    chan struct{}

	mu      sync.Mutex
	holds   int
	enabled bool
	closed  bool
}

// NewKeeper starts a Keeper. A nil inhibit is the system's own.
func NewKeeper(inhibit Inhibit, enabled bool, log *slog.Logger) *Keeper {
	if inhibit == nil {
		inhibit = system
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	k := &Keeper{inhibit: inhibit, log: log, enabled: enabled, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go k.run()
	return k
}

// Hold keeps the machine awake until the function it returns is called; calling that twice does no harm.
func (k *Keeper) Hold() (release func()) {
	k.change(func() { k.holds++ })
	return sync.OnceFunc(func() { k.change(func() { k.holds-- }) })
}

// SetEnabled switches it all on or off, also for what is held now.
func (k *Keeper) SetEnabled(on bool) { k.change(func() { k.enabled = on }) }

// Close lets go and ends the Keeper.
func (k *Keeper) Close() {
	k.change(func() { k.closed = true })
	<-k.done
}

func (k *Keeper) change(f func()) {
	k.mu.Lock()
	f()
	k.mu.Unlock()
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// run brings what the system was asked for in line with what is held.
func (k *Keeper) run() {
	defer close(k.done)
	var release func()
	asked := false // also when the system said no: it is asked once for each time
	for range k.wake {
		k.mu.Lock()
		want, closed := k.holds > 0 && k.enabled && !k.closed, k.closed
		k.mu.Unlock()
		switch {
		case want && !asked:
			asked = true
			var err error
			if release, err = k.inhibit(why); err != nil {
				k.log.Debug("Nobody keeps the machine awake", "error", err)
			}
		case !want && asked:
			asked = false
			if release != nil {
				release()
			}
			release = nil
		}
		if closed {
			return
		}
	}
}
