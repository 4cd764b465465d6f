package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"loam/backend"
	"loam/backend/engine"
)

// guessTasks are what bench chat shows of speculation: a text to write down again, where guessing should pay, and an open
// question, where it must not cost.
var guessTasks = []struct{ name, ask, begin string }{
	{
		"rewrite", "Repeat this text word by word:\n\n" + guessText, "Here is the text again:\n\nThe lighthouse keeper climbed the narrow stairs",
	},
	{"open", "Write a story about a cat that learns to sail.", ""},
}

// guessText is one line: the starter writes it down again word by word. With line ends inside it begins to improve it.
const guessText = "" +
	"The lighthouse keeper climbed the narrow stairs every evening at six. He carried a lamp, a loaf of bread, and " +
	"a small radio. From the gallery he could see the harbour, the fishing boats, and the long grey line of the " +
	"horizon. When the fog came, he rang the bell three times and waited for an answer. On quiet nights, he wrote " +
	"letters to his sister, who lived in the city and had never seen the sea. In winter, the mail boat came once a " +
	"month, and the letters lay on the table in a neat pile. In spring, the painters came with ladders and buckets, " +
	"and they painted the tower white and the doors red. In summer, the children of the village climbed the stairs " +
	"with him, counted the steps, and asked him about the ships that passed at night."

// guessing measures replies with and without speculation, in turns, at temperature 0; the texts have to be the same.
func (c *benchCommand) guessing(ctx context.Context, e engine.Chat) ([]backend.Figure, error) {
	if !e.Info().Capabilities.Speculate {
		return nil, nil
	}
	var figures []backend.Figure
	for _, task := range guessTasks {
		r, err := e.Render(ctx, engine.RenderRequest{Messages: []engine.Message{{Role: backend.RoleUser, Content: task.ask}}, AddGenerationPrompt: true})
		if err != nil {
			return nil, err
		}
		prompt, err := e.Tokenize(ctx, r.Prompt+task.begin, true)
		if err != nil {
			return nil, err
		}
		var speeds [2][]float64
		var tokens [2][]int32
		var last backend.Usage
		for i := range 2 * (c.Runs + 1) {
			var got []int32
			res, err := e.Generate(ctx, engine.GenerateRequest{
				Prompt: prompt, Stops: r.Stops, Sampling: backend.Sampling{MaxTokens: benchReply}, Speculate: i%2 == 1,
			}, func(ev engine.Event) error {
				if t, ok := ev.(engine.Token); ok {
					got = append(got, t.ID)
				}
				return nil
			})
			switch {
			case err != nil:
				return nil, err
			case res.Stop == backend.StopCancel:
				return nil, context.Canceled
			}
			tokens[i%2] = got
			if i%2 == 1 && !slices.Equal(tokens[0], tokens[1]) {
				return nil, errors.New("measure: speculation changed the text")
			}
			if i < 2 {
				continue // they warm the machine up and prove the sizes of calls
			}
			speeds[i%2] = append(speeds[i%2], perSecond(res.Usage.ReplyTokens, res.Usage.ReplyTime))
			last = res.Usage
		}
		plain, guessed := median(speeds[0]), median(speeds[1])
		var ratios []float64
		for i := range speeds[0] {
			ratios = append(ratios, speeds[1][i]/speeds[0][i])
		}
		figures = append(
			figures,
			backend.Figure{Name: task.name, Value: plain, Unit: "tok/s", Better: backend.BetterHigher},
			backend.Figure{Name: fmt.Sprintf("%s, guessed %d/%d", task.name, last.Confirmed, last.Drafted), Value: guessed, Unit: "tok/s", Better: backend.BetterHigher},
			backend.Figure{Name: task.name + ", gain in pairs", Value: median(ratios), Unit: "x", Better: backend.BetterHigher},
		)
	}
	return figures, nil
}
