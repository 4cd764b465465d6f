package backend

// Overflow is what becomes of a chat's older messages that no longer fit the model's context.
type Overflow string

// What may become of them. The newest whole turns, the system prompt and pinned messages are always kept.
const (
	OverflowLeaveOut  Overflow = ""          // they are left out, and the transcript says so
	OverflowAsk       Overflow = "ask"       // nothing is sent before the person has said what to do
	OverflowSummarise Overflow = "summarise" // the model writes a summary, which stands for them
)

// Known says whether o is one of the above.
func (o Overflow) Known() bool {
	return o == OverflowLeaveOut || o == OverflowAsk || o == OverflowSummarise
}
