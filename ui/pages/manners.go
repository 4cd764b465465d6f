package pages

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend/hardware"
	"loam/ui/widgets"
)

// The settings of good manners; app reads the first two, the window the third.
const (
	KeyKeepAwake   = "system.keep_awake"   // bool, absent = true
	KeySaveBattery = "system.save_battery" // bool, absent = true
	KeyTray        = "system.tray"         // bool, absent = false
)

// withThreads says how many threads computed, for a receipt; "" = not known.
func withThreads(n int) string {
	if n <= 0 {
		return ""
	}
	return ", " + count(n, "thread")
}

// threadsNow says what Auto means on this machine at this moment.
func threadsNow(m hardware.Machine, save bool) string {
	plugged, battery := hardware.Threads(m, false), hardware.Threads(m, true)
	switch {
	case m.OnBattery && save:
		return fmt.Sprintf("On battery now: %s instead of %d, from the next load on.", count(battery, "thread"), plugged)
	case m.OnBattery:
		return fmt.Sprintf("On battery now, with all %s.", count(plugged, "thread"))
	}
	return fmt.Sprintf("Plugged in now: %s; on battery it would be %d.", count(plugged, "thread"), battery)
}

// manners is the section about the machine as a guest has it.
func (p *SettingsPage) manners() []fyne.CanvasObject {
	onOff := func(key string, on bool, changed func()) *widgets.Segmented {
		at := 1
		if on {
			at = 0
		}
		return widgets.NewSegmented([]string{"On", "Off"}, at, func(i int) {
			p.store(key, i == 0)
			if changed != nil {
				changed()
			}
		})
	}
	p.power = widgets.Quiet("")
	p.awake = onOff(KeyKeepAwake, true, nil)
	p.battery = onOff(KeySaveBattery, true, p.lookAtPower)
	p.tray = onOff(KeyTray, false, nil)
	choose := func(s *widgets.Segmented, on bool) {
		if on {
			s.Choose(0)
		} else {
			s.Choose(1)
		}
	}
	p.env.Host.Load("settings", func(ctx context.Context) func() {
		awake, battery, tray := true, true, false
		var errs []error
		for key, v := range map[string]*bool{KeyKeepAwake: &awake, KeySaveBattery: &battery, KeyTray: &tray} {
			if _, err := p.env.System.Setting(ctx, key, v); err != nil {
				errs = append(errs, err)
			}
		}
		return func() {
			for _, err := range errs {
				p.env.Host.Fail(err, nil)
			}
			choose(p.awake, awake)
			choose(p.battery, battery)
			choose(p.tray, tray)
		}
	})
	p.lookAtPower()
	return []fyne.CanvasObject{
		line("Stay awake while computing", "The machine does not fall asleep while an answer is written or a picture drawn.", p.awake),
		container.New(widgets.Column{Gap: 1},
			line("Fewer threads on battery", "Slower, and kinder to the battery. Only where Threads is Auto.", p.battery), p.power),
		line("Icon in the tray", "Closing the window then hides it. Holds from the next start on, where the desktop has a tray.", p.tray),
	}
}

// lookAtPower says how many threads compute as things are; the window calls it when the page is shown.
func (p *SettingsPage) lookAtPower() {
	p.env.Host.Load("settings", func(ctx context.Context) func() {
		m, save := p.env.System.Machine(ctx), true
		if _, err := p.env.System.Setting(ctx, KeySaveBattery, &save); err != nil {
			return func() { p.env.Host.Fail(err, nil) }
		}
		return func() {
			p.power.SetText(threadsNow(m, save))
			if p.body != nil {
				p.body.Refresh()
			}
		}
	})
}
