package chat

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
)

// fillChat says so much that the first turns no longer fit.
func fillChat(t *testing.T, h *house, chatID int64, turns int) {
	t.Helper()
	for i := range turns {
		if m := h.say(chatID, fmt.Sprintf("question %d %s", i, strings.Repeat("word ", 12))); m.State != backend.MessageComplete {
			t.Fatalf("reply %d ends %v: %s", i, m.State, m.Error)
		}
	}
}

func TestPinnedMessagesStayInSightWithTheirTurn(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		fillChat(t, h, c.ID, 2)
		first := h.transcript(c.ID)[0]
		if err := h.SetPinned(t.Context(), first.ID, true); err != nil {
			t.Fatal(err)
		}
		fillChat(t, h, c.ID, 10)
		path := h.transcript(c.ID)
		if !path[0].Pinned || path[1].Pinned {
			t.Errorf("pinned: %v, %v", path[0].Pinned, path[1].Pinned)
		}
		plan, err := h.Plan(t.Context(), c.ID, "one more")
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]int64{path[0].ID, path[1].ID}, plan.Pinned); d != "" {
			t.Error(d)
		}
		if len(plan.LeftOut) == 0 || slices.Contains(plan.LeftOut, path[0].ID) || !slices.Contains(plan.LeftOut, path[2].ID) {
			t.Errorf("left out: %v", plan.LeftOut)
		}
		g, err := h.ledger.Generation(t.Context(), path[len(path)-1].ID)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(g.Prompt, wordID("0")) || slices.Contains(g.Prompt, wordID("1")) {
			t.Error("the last prompt does not hold what is pinned, or more")
		}
		if err := h.SetPinned(t.Context(), first.ID, false); err != nil {
			t.Fatal(err)
		}
		if plan, err = h.Plan(t.Context(), c.ID, "one more"); err != nil || len(plan.Pinned) != 0 || !slices.Contains(plan.LeftOut, first.ID) {
			t.Errorf("no longer pinned: %+v, %v", plan, err)
		}
	})
}

func TestPartsOfAPlanAddUpToItsPrompt(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		if err := h.SetSystem(t.Context(), c.ID, "be brief"); err != nil {
			t.Fatal(err)
		}
		fillChat(t, h, c.ID, 12)
		if err := h.SetPinned(t.Context(), h.transcript(c.ID)[0].ID, true); err != nil {
			t.Fatal(err)
		}
		plan, err := h.Plan(t.Context(), c.ID, "one more")
		if err != nil {
			t.Fatal(err)
		}
		sum, messages, kinds := 0, 0, map[PartKind]int{}
		for _, p := range plan.Parts {
			sum, messages, kinds[p.Kind] = sum+p.Tokens, messages+p.Messages, p.Tokens
		}
		if sum != plan.PromptTokens || messages != 12*2+1-len(plan.LeftOut) {
			t.Errorf("%d tokens of %d, %d messages of 25 without %d", sum, plan.PromptTokens, messages, len(plan.LeftOut))
		}
		if kinds[PartSystem] != 2 || kinds[PartNewest] != 2 || kinds[PartPinned] == 0 || kinds[PartFormat] == 0 {
			t.Errorf("%v", kinds)
		}
		counted := 0
		for _, m := range plan.Messages {
			counted += m.Tokens
		}
		if last := plan.Messages[len(plan.Messages)-1]; len(plan.Messages) != messages || last.Message.Text != "one more" || last.Tokens != 2 ||
			counted != sum-kinds[PartSystem]-kinds[PartFormat] {
			t.Errorf("%d messages with %d tokens", len(plan.Messages), counted)
		}
		used, size, err := h.Fill(t.Context(), c.ID)
		if err != nil || size != 400 || used <= 0 || used > size {
			t.Errorf("the chat takes %d of %d, %v", used, size, err)
		}
	})
}

func TestChatThatAsksSendsNothingThatWouldPushMessagesOutOfSight(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		if err := h.SetOverflow(t.Context(), c.ID, backend.OverflowAsk); err != nil {
			t.Fatal(err)
		}
		long := strings.Repeat("word ", 40)
		var refused *Overflowing
		for range 10 {
			sent, err := h.Send(t.Context(), c.ID, SendRequest{Text: long})
			if errors.As(err, &refused) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			h.wait(sent.Reply.ID)
		}
		if refused == nil || len(refused.Plan.LeftOut) == 0 {
			t.Fatalf("nobody asked: %+v", refused)
		}
		path := h.transcript(c.ID)
		if d, err := h.ledger.Draft(t.Context(), c.ID); err != nil || d.Text != long {
			t.Errorf("the draft is %q, %v", d.Text, err)
		}
		if last := path[len(path)-1]; last.Role != backend.RoleAssistant || last.LeftOut != 0 {
			t.Errorf("the last message: %+v", last)
		}
		sent, err := h.Send(t.Context(), c.ID, SendRequest{Text: long, LeaveOut: true})
		if err != nil {
			t.Fatal(err)
		}
		if m := h.wait(sent.Reply.ID); m.LeftOut == 0 {
			t.Errorf("%+v", m)
		}
		// What is out of sight already is no news.
		if sent, err = h.Send(t.Context(), c.ID, SendRequest{Text: "short"}); err != nil {
			t.Fatal(err)
		}
		h.wait(sent.Reply.ID)
	})
}

func TestSummaryStandsForWhatNoLongerFits(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		if err := h.SetOverflow(t.Context(), c.ID, backend.OverflowSummarise); err != nil {
			t.Fatal(err)
		}
		fillChat(t, h, c.ID, 14)
		told, err := h.ledger.Summaries(t.Context(), c.ID)
		if err != nil || len(told) == 0 {
			t.Fatalf("summaries: %v, %v", told, err)
		}
		path := h.transcript(c.ID)
		last := path[len(path)-1]
		at := slices.IndexFunc(path, func(m backend.Message) bool { return m.ID == last.SeenFrom })
		if at < 1 || told[path[at-1].ID] == "" {
			t.Fatalf("the sight begins at message %d of %v, with the summaries %v", last.SeenFrom, path, told)
		}
		g, err := h.ledger.Generation(t.Context(), last.ID)
		if err != nil {
			t.Fatal(err)
		}
		summary, err := h.engine.Tokenize(t.Context(), summaryLabel+" "+told[path[at-1].ID], false)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(fmt.Sprint(g.Prompt), strings.Trim(fmt.Sprint(summary), "[]")) || len(g.Prompt) > 400 {
			t.Errorf("the last prompt does not hold the summary, or too much: %d tokens", len(g.Prompt))
		}
		// Another look writes nothing new.
		before := len(h.engine.asked)
		if _, err := h.Plan(t.Context(), c.ID, "one more"); err != nil || len(h.engine.asked) != before {
			t.Errorf("a plan asked the model %d times, %v", len(h.engine.asked)-before, err)
		}
	})
}

func TestRetellingShowsBothEndsOfALongMessage(t *testing.T) {
	path := []backend.Message{{Role: backend.RoleUser, Text: strings.Repeat("a", 100) + strings.Repeat("ä", 100)}, {Role: backend.RoleAssistant, Text: "<think>x</think>yes"}}
	got := retell("before", path, 40)
	want := summaryLabel + "\nbefore\n\nPerson: " + strings.Repeat("a", 20) + "\n[…]\n" + strings.Repeat("ä", 10) + "\n\nAssistant: yes"
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
