package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/fault"
)

// discoverFlags are the wishes of statusd discover.
type discoverFlags struct {
	topic    string
	min, max int
	wait     time.Duration
}

func (a *app) discoverCommand() frame.Command {
	return frame.Command{
		Use: "discover --topic TOPIC", Short: "Look for peers that serve a topic, now",
		Long: `Has the running daemon look for nodes that serve a topic, prints them as they
are found, and ends when there are as many as wanted. Topics of the network are
whisper (relays, to which the daemon connects) and whispermail (mailservers,
which it gets to know). The limits stay in force until the daemon stops.

Exit codes: 0 found as many as wanted, 75 not within --wait.`,
		Example: "  statusd discover --topic whispermail\n  statusd discover --topic whisper --min 3 --max 5 -o json",
		Build: func(fs *frame.Flags) frame.Run {
			c, f := a.newClient(fs, time.Minute), &discoverFlags{min: 1, max: 2, wait: 30 * time.Second}
			fs.Var(&f.topic, "topic", "name of the topic").Complete(frame.OneOf("whisper", "whispermail"))
			fs.Var(&f.min, "min", "fewest peers of the topic (default as it is, 1 for a new topic)")
			fs.Var(&f.max, "max", "most peers of the topic (default as it is, 2 for a new topic)")
			fs.Var(&f.wait, "wait", "longest time to look")
			return func(ctx context.Context, _ []string) error {
				if f.topic == "" {
					return usageError(errors.New("missing flag: --topic, for example whisper or whispermail"))
				}
				if f.wait <= 0 {
					return usageError(fmt.Errorf("--wait %s: want a duration such as 30s", f.wait))
				}
				ctx, stop := interruptible(ctx)
				defer stop()
				limits, err := c.limits(ctx, f, fs.Changed("min"), fs.Changed("max"))
				if err != nil {
					return err
				}
				a.silent = true
				return a.discover(ctx, c, f, limits)
			}
		},
	}
}

// limits are those that were asked for; what was not is as it is.
func (c *daemon) limits(ctx context.Context, f *discoverFlags, hasMin, hasMax bool) (api.TopicLimits, error) {
	l := api.TopicLimits{Topic: f.topic, Min: f.min, Max: f.max}
	if hasMin && hasMax {
		return l, nil
	}
	status, err := api.PeerStatus.Call(ctx, c, api.None{})
	if err != nil {
		return l, err
	}
	i := slices.IndexFunc(status.Topics, func(t api.PoolTopic) bool { return t.Topic == f.topic })
	switch {
	case i < 0 && !hasMax:
		l.Max = max(l.Max, l.Min)
	case i < 0:
		l.Min = min(l.Min, l.Max)
	case !hasMin && !hasMax:
		l.Min, l.Max = status.Topics[i].Min, status.Topics[i].Max
	case hasMin:
		l.Max = max(l.Min, status.Topics[i].Max)
	default:
		l.Min = min(l.Max, status.Topics[i].Min)
	}
	return l, nil
}

// discover sets the limits and waits until they are met.
func (a *app) discover(ctx context.Context, c *daemon, f *discoverFlags, l api.TopicLimits) error {
	request := api.DiscoverRequest{Topic: l.Topic, Min: l.Min, Max: l.Max}
	if _, err := api.PeerDiscover.Call(ctx, c, api.DiscoverArgs{Request: request}); err != nil {
		return err
	}
	deadline, cancel := context.WithTimeout(ctx, f.wait)
	defer cancel()
	shown := make(map[string]bool)
	for {
		status, err := api.PeerStatus.Call(ctx, c, api.None{})
		if ctx.Err() != nil {
			return fail(fault.Interrupted, errors.New("interrupted; the daemon goes on looking"))
		}
		if err != nil {
			return err
		}
		i := slices.IndexFunc(status.Topics, func(t api.PoolTopic) bool { return t.Topic == f.topic })
		if i < 0 {
			return fail(fault.Failed, errors.New("the daemon no longer looks for this topic"))
		}
		t := status.Topics[i]
		nodes := slices.Concat(t.Connected, t.Known)
		for _, n := range nodes {
			if shown[n.ID] {
				continue
			}
			shown[n.ID] = true
			if err := a.printFound(n); err != nil {
				return err
			}
		}
		if len(nodes) >= t.Min || len(nodes) > 0 && t.Satisfied {
			return nil
		}
		if settle(deadline, watchPause) == nil {
			continue
		}
		if ctx.Err() != nil {
			return fail(fault.Interrupted, errors.New("interrupted; the daemon goes on looking"))
		}
		return fail(fault.Timeout, fmt.Errorf("found %d of %d within %s; the daemon goes on looking%s", len(nodes), t.Min,
			f.wait, troubles(t)))
	}
}

// troubles says which sources fail.
func troubles(t api.PoolTopic) (text string) {
	for _, s := range t.Sources {
		if s.Error != "" {
			text += fmt.Sprintf("; %s fails: %s", s.Source, s.Error)
		}
	}
	return text
}

func (a *app) printFound(n api.PoolNode) error {
	return a.say(fmt.Sprintf("%-9s  %s", n.State, cmp.Or(n.Enode, n.ID)), n)
}
