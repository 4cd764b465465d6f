package pages

import (
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"loam/backend"
	"loam/backend/library"
	"loam/ui/words"
)

// bytesText is a size as people say it: "98 MB", "4.1 GB".
func bytesText(n int64) string { return words.Bytes(n) }

// memoryText is memory as it is sold: 16 GB, not 17.2.
func memoryText(n int64) string { return fmt.Sprintf("%.0f GB", float64(n)/(1<<30)) }

// count is a number with its noun: "1 chat", "2 chats", "12,300 tokens".
func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return humanize.Comma(int64(n)) + " " + one + "s"
}

// replies is a number of replies.
func replies(n int) string {
	if n == 1 {
		return "1 reply"
	}
	return humanize.Comma(int64(n)) + " replies"
}

// wordsPerSecond is a speed as people read it. A token is about three quarters of an English word.
func wordsPerSecond(tokensPerSecond float64) string {
	w := tokensPerSecond * 0.75
	switch {
	case w <= 0:
		return ""
	case w < 1:
		return "under 1 word/s"
	case w < 1.5:
		return "about 1 word/s"
	case w < 20:
		return fmt.Sprintf("about %.0f words/s", w)
	}
	return fmt.Sprintf("about %.0f words/s", float64(int((w+2.5)/5)*5))
}

// replyNote is the quiet line after a finished reply, in people's numbers: who wrote it and how fast. The rest stands in
// replyFacts and in the receipt.
func replyNote(m backend.Message) string {
	var parts []string
	if m.ModelName != "" {
		parts = append(parts, m.ModelName)
	}
	if m.Usage.ReplyTokens > 1 && m.Usage.ReplyTime > 0 {
		parts = append(parts, wordsPerSecond(float64(m.Usage.ReplyTokens)/m.Usage.ReplyTime.Seconds()))
	}
	switch m.Stop {
	case backend.StopLength:
		parts = append(parts, "reply limit reached")
	case backend.StopContext:
		parts = append(parts, "context full")
	case backend.StopEnd, backend.StopString, backend.StopCancel:
	}
	if m.Usage.Edited {
		parts = append(parts, "edited by you")
	}
	if m.Note != "" {
		parts = append(parts, m.Note)
	}
	return strings.Join(parts, " · ")
}

// replyFacts are the exact numbers of a reply: "214 tokens · 107 tokens/s · first token after 0.4 s".
func replyFacts(m backend.Message) string {
	var parts []string
	u := m.Usage
	if u.ReplyTokens > 0 {
		parts = append(parts, count(u.ReplyTokens, "token"))
	}
	if u.ReplyTokens > 1 && u.ReplyTime > 0 {
		parts = append(parts, tokensPerSecond(u))
	}
	if u.FirstToken > 0 {
		parts = append(parts, "first token after "+secondsText(u.FirstToken))
	}
	return strings.Join(parts, " · ")
}

// tokensPerSecond is how fast a reply was written.
func tokensPerSecond(u backend.Usage) string {
	v := float64(u.ReplyTokens) / u.ReplyTime.Seconds()
	if v < 10 {
		return fmt.Sprintf("%.1f tokens/s", v)
	}
	return fmt.Sprintf("%.0f tokens/s", v)
}

// secondsText is a short time: "0.42 s", "3.1 s", "75 s".
func secondsText(d time.Duration) string {
	switch s := d.Seconds(); {
	case s < 1:
		return fmt.Sprintf("%.2f s", s)
	case s < 10:
		return fmt.Sprintf("%.1f s", s)
	default:
		return fmt.Sprintf("%.0f s", s)
	}
}

// modelName is a model's name for a person: the chat starter is named as what it is; that for pictures bears such a name.
func modelName(m backend.Model) string {
	if m.Starter && m.Kind == backend.KindChat {
		return starterName
	}
	return m.Name
}

const starterName = "Starter (tiny: shows how Loam works, often wrong)"

// licenseOf is what is known of a model's licence.
func licenseOf(m backend.Model) string {
	if m.License == "" || m.License == library.LicenseUnknown {
		return "licence not stated"
	}
	return m.License
}

// chatTitle is what a chat is called in the list.
func chatTitle(c backend.Chat) string {
	if t := strings.TrimSpace(c.Title); t != "" {
		return t
	}
	return "New chat"
}

// dayGroup is the heading under which a chat of that time stands.
func dayGroup(t, now time.Time) string {
	t, now = t.In(now.Location()), now.In(now.Location())
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	switch {
	case !t.Before(midnight):
		return "Today"
	case !t.Before(midnight.AddDate(0, 0, -1)):
		return "Yesterday"
	case !t.Before(midnight.AddDate(0, 0, -7)):
		return "Last 7 days"
	case !t.Before(midnight.AddDate(0, 0, -30)):
		return "Last 30 days"
	case t.Year() == now.Year():
		return t.Format("January")
	}
	return t.Format("January 2006")
}
