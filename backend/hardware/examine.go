package hardware

// Examine turns what the machine is and what others know about the installation into findings.
func Examine(m Machine, s Setup) Report {
	return Report{Machine: m, Engine: s.Engine, Devices: s.Devices, Findings: []Finding{}}
}
