package hardware

import "loam/backend"

// State is how good a finding is.
type State string

// The states of a finding.
const (
	OK    State = "ok"
	Warn  State = "warn"
	Error State = "error"
)

// Finding is one thing the doctor looked at: what it is, how it is, and the next step where there is one.
type Finding struct {
	ID     string `json:"id"` // stable: "cpu", "memory", "gpu", "variant", "engine", "disk:models", ...
	Title  string `json:"title"`
	State  State  `json:"state"`
	Detail string `json:"detail"`         // one or two sentences
	Next   string `json:"next,omitempty"` // what a person can do; "" = nothing needs doing
}

// Report is everything the doctor found.
type Report struct {
	Machine  Machine            `json:"machine"`
	Engine   backend.EngineInfo `json:"engine"`
	Devices  []backend.Device   `json:"devices"`
	Findings []Finding          `json:"findings"`
}

// Worst is the worst state among the findings.
func (r Report) Worst() State {
	worst := OK
	for _, f := range r.Findings {
		if f.State == Error {
			return Error
		}
		if f.State == Warn {
			worst = Warn
		}
	}
	return worst
}

// Setup is what only others know about the installation: the doctor's questions to them, answered.
type Setup struct {
	Engine    backend.EngineInfo // as the probe child reported it
	Devices   []backend.Device   // what that engine can compute on
	EngineErr error              // why the probe child failed; nil = it answered
	PluginDir string             // where the engine's plug-ins were looked for
	Folders   []Folder           // the folders that are written to
	Default   *backend.Model     // the model of new chats; nil = none is installed
}

// Folder is a folder of the program with its name for a person.
type Folder struct {
	ID   string // "data", "models", "cache"
	Name string
	Path string
}
