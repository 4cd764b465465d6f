package ui

import (
	"testing"

	"loam/backend/hardware"
	"loam/ui/pages"
)

func TestSettingsSayHowManyThreadsComputeAsThingsAre(t *testing.T) {
	f := fakes(t)
	f.system.Is = hardware.Machine{MemoryTotal: 16 << 30, PhysicalCores: 8, LogicalCores: 16}
	f.open(720, 480)
	f.show(pages.PageSettings)
	f.says("Stay awake while computing", "Plugged in now: 7 threads; on battery it would be 4.")
	f.fits("settings")
	f.system.Is.OnBattery = true // the plug is pulled, and the page is looked at again
	f.show(pages.PageChats)
	f.show(pages.PageSettings)
	f.says("On battery now: 4 threads instead of 7, from the next load on.")
	if err := f.system.SetSetting(t.Context(), pages.KeySaveBattery, false); err != nil {
		t.Fatal(err)
	}
	f.show(pages.PageChats)
	f.show(pages.PageSettings)
	f.says("On battery now, with all 7 threads.")
}
