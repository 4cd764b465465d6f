package backend

// AdapterUse is a LoRA for chat models that a chat answers with.
type AdapterUse struct {
	ModelID int64   `json:"model_id"` // of the adapter
	Weight  float32 `json:"weight"`   // 0 = as if it were not there, 1 = as trained
	Off     bool    `json:"off,omitempty"`
}

// Active says whether it changes anything.
func (u AdapterUse) Active() bool { return !u.Off && u.Weight != 0 }

// AdapterRef names an adapter that a reply was written with, in receipts, even after its file is gone.
type AdapterRef struct {
	ModelRef
	Weight float32 `json:"weight"`
}
