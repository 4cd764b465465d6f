package backend

// LoadChoice is what a person chose for the loads of a model; zero values leave the choice to the planner.
type LoadChoice struct {
	Context   int    `json:"context,omitempty"` // tokens
	KVType    string `json:"kv_type,omitempty"` // "f16", "q8_0", "q4_0"
	GPULayers *int   `json:"gpu_layers,omitempty"`
	// Anyway loads the model also where the plan says that it does not fit, except where the system would surely end it.
	Anyway bool `json:"anyway,omitempty"`
}

// LoadPlan is how a model would be loaded now, and why: made before it is loaded, by the same planner that the load obeys.
type LoadPlan struct {
	Context    int    `json:"context"` // tokens; 0 = a model that has none
	ContextOwn int    `json:"context_own,omitempty"`
	KVType     string `json:"kv_type,omitempty"`
	GPULayers  int    `json:"gpu_layers,omitempty"` // on Device; 0 = none
	Layers     int    `json:"layers,omitempty"`
	Device     string `json:"device,omitempty"` // the graphics card that takes part; "" = none

	Forecast Forecast    `json:"forecast"` // of what lies in the machine's memory; Free counts what comes back
	Devices  []DeviceUse `json:"devices"`  // the machine's memory first
	Stages   []Stage     `json:"stages,omitempty"`
	Unloads  string      `json:"unloads,omitempty"` // the model that leaves the memory for it

	Returning int64 `json:"returning,omitempty"` // bytes that come back before it is loaded

	Fit     LoadFit  `json:"fit"`
	Reasons []string `json:"reasons"` // sentences for a person, the most important first

	Choice LoadChoice `json:"choice"`
}

// LoadFit says whether a load should be made.
type LoadFit string

// How well a load fits.
const (
	LoadFits  LoadFit = "fits"
	LoadTight LoadFit = "tight" // it leaves too little to others: only at a person's word
	LoadFatal LoadFit = "fatal" // the system would end it
)

// DeviceUse is the memory of a device, in bytes: Others + Loam + Model + Free = Total, where Model does not exceed what
// there is.
type DeviceUse struct {
	Name   string `json:"name"` // "Memory", or the card's name
	Total  int64  `json:"total"`
	Others int64  `json:"others"` // other programs and the system
	Loam   int64  `json:"loam"`   // what Loam holds now and keeps
	Model  int64  `json:"model"`  // what this model will take
	Free   int64  `json:"free"`   // what is left then
	Short  int64  `json:"short"`  // bytes that are missing
}

// Stage is a part of drawing a picture with the memory that it takes beside the weights.
type Stage struct {
	Name  string `json:"name"` // "reading the prompt", "drawing", "finishing"
	Bytes int64  `json:"bytes"`
}
