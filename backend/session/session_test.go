package session

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// desk is a desktop that notes what it is asked.
type desk struct {
	refuse bool
	asked  int
	held   int
	log    []string
}

func (d *desk) inhibit(string) (func(), error) {
	d.asked++
	if d.refuse {
		return nil, errors.New("no bus")
	}
	d.held++
	d.log = append(d.log, "awake")
	return func() { d.held--; d.log = append(d.log, "free") }, nil
}

func TestTheMachineIsKeptAwakeWhileAnybodyHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		k := NewKeeper(d.inhibit, true, nil)
		a, b := k.Hold(), k.Hold()
		synctest.Wait()
		a()
		a() // twice does no harm
		synctest.Wait()
		if d.held != 1 {
			t.Errorf("held %d times while one holds", d.held)
		}
		b()
		synctest.Wait()
		k.Hold()
		synctest.Wait()
		k.SetEnabled(false)
		synctest.Wait()
		k.SetEnabled(true)
		synctest.Wait()
		k.Close() // gives back what somebody forgot
		if diff := cmp.Diff([]string{"awake", "free", "awake", "free", "awake", "free"}, d.log); diff != "" {
			t.Error(diff)
		}
		k.Hold()() // after the end: nothing happens
	})
}

func TestADesktopThatRefusesIsNotAskedAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{refuse: true}
		k := NewKeeper(d.inhibit, true, nil)
		one := k.Hold()
		synctest.Wait()
		two := k.Hold()
		synctest.Wait()
		if d.asked != 1 {
			t.Errorf("asked %d times for one stretch of work", d.asked)
		}
		one()
		two()
		k.Close()
	})
}

func TestNothingIsHeldWhenNobodyHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &desk{}
		k := NewKeeper(d.inhibit, true, nil)
		var holds []func()
		for _, act := range rapid.SliceOf(rapid.IntRange(0, 3)).Draw(t, "acts") {
			switch {
			case act == 0:
				holds = append(holds, k.Hold())
			case act == 1 && len(holds) > 0:
				holds[0]()
				holds = slices.Delete(holds, 0, 1)
			case act == 2:
				k.SetEnabled(false)
			case act == 3:
				k.SetEnabled(true)
			}
		}
		for _, release := range holds {
			release()
		}
		k.Close()
		if d.held != 0 {
			t.Fatalf("%d are held at the end: %q", d.held, d.log)
		}
	})
}

func TestFilesThatCameEarlyAreTakenFirst(t *testing.T) {
	var got [][]string
	o := NewOpened()
	o.add([]string{"/a"})
	o.add([]string{"/b", "/c"})
	take := func(paths []string) { got = append(got, paths) }
	o.Serve(take)
	o.add([]string{"/d"})
	if diff := cmp.Diff([][]string{{"/a", "/b", "/c"}, {"/d"}}, got); diff != "" {
		t.Error(diff)
	}
}
