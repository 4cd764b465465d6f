package backend

// TemplateState says whether a model's chat template can be used.
type TemplateState string

// The states of a template.
const (
	TemplateUnknown TemplateState = ""       // it was not tried: no engine that runs templates is here
	TemplateGood    TemplateState = "good"   // it renders a conversation
	TemplateBroken  TemplateState = "broken" // it does not, or it harms the engine
	TemplateNone    TemplateState = "none"   // the file brings none
)

// TemplateVerdict is what a trial of a chat template found.
type TemplateVerdict struct {
	State   TemplateState `json:"state"`
	Reason  string        `json:"reason,omitempty"` // one clause: why it is broken
	Thinks  bool          `json:"thinks,omitempty"` // it can be told to think or not to
	Efforts []string      `json:"efforts,omitempty"`
	Tools   bool          `json:"tools,omitempty"` // it shows tools to the model
}
