package app

import "loam/backend/hardware"

// threads is how many threads an engine that is loaded now computes with: what a person chose, or what suits the machine
// and where its power comes from. The engines would choose by themselves, but know nothing of a battery.
func (a *App) threads(s EngineSettings) int {
	if s.Threads > 0 {
		return s.Threads
	}
	m := a.deps.Probe(a.base)
	return hardware.Threads(m, s.Battery && m.OnBattery)
}
