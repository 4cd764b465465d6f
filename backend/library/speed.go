package library

import "context"

// Speed is what was measured with a model on this machine, in tokens per second; 0 = not measured.
type Speed struct {
	Prompt float64 `json:"prompt"`
	Reply  float64 `json:"reply"`
}

// RecordSpeed keeps measured speeds; a part that is 0 leaves the older value.
func (l *Library) RecordSpeed(ctx context.Context, id int64, s Speed) error {
	old, _, err := l.MeasuredSpeed(ctx, id)
	if err != nil {
		return err
	}
	if s.Prompt <= 0 {
		s.Prompt = old.Prompt
	}
	if s.Reply <= 0 {
		s.Reply = old.Reply
	}
	return l.store.SetSetting(ctx, perModel(id, "speed"), s)
}

// MeasuredSpeed gives the speeds measured last; false when the model never ran here.
func (l *Library) MeasuredSpeed(ctx context.Context, id int64) (s Speed, ok bool, err error) {
	ok, err = l.store.Setting(ctx, perModel(id, "speed"), &s)
	return s, ok, err
}
