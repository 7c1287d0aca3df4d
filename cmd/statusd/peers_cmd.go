package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"statusd/api"
	"statusd/api/client"
	"statusd/cmd/statusd/frame"
	"statusd/configs"
	"statusd/fault"
	"statusd/internal/termtext"
)

func (a *app) peersCommand() frame.Command {
	return listing(frame.Command{
		Use: "peers", Short: "Show the peers of the running daemon, and what it looks for",
		Long: `Shows the peers of the running daemon, and what it looks for.

For each peer: what it calls itself, its address, who dialled, what it is here
for, the envelopes that came and went, and how long ago it was heard. Below: each
topic that is looked for, how many peers of it there are and are wanted, and what
is done about it.`,
		Example: "  statusd peers\n  statusd peers --watch\n  statusd peers -o json",
		Build: func(fs *frame.Flags) frame.Run {
			c, watch := a.newClient(fs, time.Minute), false
			fs.Var(&watch, "watch,w", "show them again whenever something changes, until interrupted")
			return func(ctx context.Context, _ []string) error {
				if watch {
					ctx, stop := interruptible(ctx)
					defer stop()
					return a.watchPeers(ctx, c)
				}
				view, err := c.peers(ctx)
				if err != nil {
					return err
				}
				return a.printPeers(view)
			}
		},
		Commands: []frame.Command{
			a.peerChange("add", api.AdminAddPeer, "Stay connected to a node until the daemon stops", "connecting to"),
			a.peerChange("remove", api.AdminRemovePeer, "Disconnect from a node and leave it alone", "disconnected from"),
			a.call(frame.Command{
				Use: "prune", Short: "Forget remembered peers that are not connected",
				Long: `Forgets the peers that the daemon remembers from earlier, but for those that it
is connected to. It finds others the next time it needs some.`,
			}, func(ctx context.Context, c *daemon, _ []string) error {
				gone, err := api.PeerPrune.Call(ctx, c, api.None{})
				if err != nil {
					return err
				}
				return a.say(fmt.Sprintf("%d peers forgotten", gone), api.ForgottenPeers{Forgotten: gone})
			}),
		},
	}, "The same: show the peers")
}

// peersView is what the command shows.
type peersView api.ShownPeers

// peers asks the daemon.
func (c *daemon) peers(ctx context.Context) (peersView, error) {
	infos, err := api.AdminPeers.Call(ctx, c, api.None{})
	if err != nil {
		return peersView{}, err
	}
	status, err := api.PeerStatus.Call(ctx, c, api.None{})
	if err != nil {
		return peersView{}, err
	}
	view := peersView{Peers: []api.ShownPeer{}, Topics: status.Topics}
	for _, info := range infos {
		p := api.ShownPeer{PeerInfo: info, For: []string{}}
		for _, t := range status.Topics {
			for _, n := range slices.Concat(t.Connected, t.Known) {
				if n.ID == info.ID {
					p.For = append(p.For, t.Topic)
				}
			}
		}
		view.Peers = append(view.Peers, p)
	}
	slices.SortFunc(view.Peers, func(x, y api.ShownPeer) int { return strings.Compare(x.ID, y.ID) })
	return view, nil
}

func (a *app) printPeers(v peersView) error {
	if a.output == outputJSON {
		return a.printJSON(v)
	}
	_, err := fmt.Fprint(a.out, v.text(time.Now(), a.wide))
	return fail(fault.IO, err)
}

// text is the view as a table.
func (v peersView) text(now time.Time, wide bool) string {
	text := "no peers\n"
	if len(v.Peers) > 0 {
		text = frame.Table(v.Peers, wide,
			frame.Col("PEER", func(p api.ShownPeer) string {
				if wide {
					return p.ID
				}
				return p.ID[:min(8, len(p.ID))]
			}),
			frame.Col("CLIENT", func(p api.ShownPeer) string { return shortName(p.Name) }),
			frame.Col("ADDRESS", func(p api.ShownPeer) string { return p.Network.RemoteAddress }),
			frame.Col("BY", func(p api.ShownPeer) string {
				if p.Network.Inbound {
					return "it"
				}
				return "us"
			}),
			frame.Col("FOR", func(p api.ShownPeer) string {
				purpose := strings.Join(p.For, ",")
				if p.Network.Static {
					purpose = strings.TrimPrefix(purpose+",kept", ",")
				}
				return cmp.Or(termtext.Line(purpose), "-")
			}),
			frame.Col("IN", func(p api.ShownPeer) string { return fmt.Sprint(statsOf(p).EnvelopesIn) }),
			frame.Col("OUT", func(p api.ShownPeer) string { return fmt.Sprint(statsOf(p).EnvelopesOut) }),
			frame.Col("HEARD", func(p api.ShownPeer) string {
				if last := statsOf(p).LastSeen; !last.IsZero() {
					return now.Sub(last).Round(time.Second).String()
				}
				return "-"
			}),
		)
	}
	text += "\n"
	for _, t := range v.Topics {
		text += topicLine(t) + "\n"
	}
	if len(v.Topics) == 0 {
		text += "discovery is switched off\n"
	}
	return text
}

// statsOf are the counts of a peer; those of one in the handshake are zero.
func statsOf(p api.ShownPeer) api.WakuPeer {
	if p.Protocols.Waku == nil {
		return api.WakuPeer{}
	}
	return *p.Protocols.Waku
}

// shortName is what a peer calls itself, without system and compiler.
func shortName(name string) string {
	const longest = 32
	parts := strings.Split(name, "/")
	text := []rune(termtext.Line(strings.Join(parts[:min(2, len(parts))], "/")))
	return string(text[:min(longest, len(text))])
}

// topicLine is what is known of one topic, in a sentence.
func topicLine(t api.PoolTopic) string {
	have, what := len(t.Connected), "connected"
	if t.CacheOnly {
		have, what = len(t.Known), "known"
	}
	line := fmt.Sprintf("%s: %d %s, %d to %d wanted", termtext.Line(t.Topic), have, what, t.Min, t.Max)
	if n := len(t.Pending); n > 0 {
		line += fmt.Sprintf(", %d more known to try", n)
	}
	if t.Mode != "off" {
		var active []string
		for _, s := range t.Sources {
			if s.State == "running" {
				active = append(active, s.Source)
			}
		}
		line += "; searching"
		if len(active) > 0 {
			line += " by " + strings.Join(active, ", ")
		}
	} else if !t.Satisfied {
		line += "; will search again"
	}
	for _, s := range t.Sources {
		if s.Error != "" {
			line += fmt.Sprintf("\n  %s fails: %s", s.Source, termtext.Line(s.Error))
		}
	}
	return line
}

// How often a watched view is drawn.
const (
	watchPause  = 200 * time.Millisecond // at least between two
	watchPeriod = 5 * time.Second        // at most, on a terminal: counts change without events
)

// watchPeers shows the peers whenever they change.
func (a *app) watchPeers(ctx context.Context, c *daemon) error {
	conn, err := c.endpoint.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	peers, err := client.Subscribe(ctx, conn.Client, api.AdminSubscribe, api.TopicArgs{Name: api.AdminSubscribe.Topic})
	if err != nil {
		return watchError(c, err)
	}
	topic := api.TopicArgs{Name: api.DiscoverySubscribe.Topic}
	found, err := client.Subscribe(ctx, conn.Client, api.DiscoverySubscribe, topic)
	if err != nil {
		return watchError(c, err)
	}
	var followers sync.WaitGroup
	defer followers.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	changed, ended := make(chan struct{}, 1), make(chan error, 2)
	followers.Go(func() { ended <- tellChanges(ctx, peers.Subscription, changed) })
	followers.Go(func() { ended <- tellChanges(ctx, found.Subscription, changed) })
	terminal := isTerminal(a.out) && a.output != outputJSON
	last := ""
	for {
		view, err := c.peers(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if last, err = a.redraw(view, last, terminal); err != nil {
			return err
		}
		if settle(ctx, watchPause) != nil {
			return nil // interrupted: that is how a watch ends
		}
		var period <-chan time.Time
		if terminal {
			period = time.After(watchPeriod)
		}
		select {
		case <-changed:
		case <-period:
		case err := <-ended:
			if ctx.Err() != nil {
				return nil
			}
			return fail(fault.Unavailable, fmt.Errorf("the daemon ended the connection: %w", err))
		}
	}
}

// tellChanges tells of each notification until there are no more, or ctx ends.
func tellChanges(ctx context.Context, sub *client.Subscription, changed chan<- struct{}) error {
	for {
		if _, err := sub.Next(ctx); err != nil {
			return err
		}
		select {
		case changed <- struct{}{}:
		default: // told already
		}
	}
}

// redraw shows a view unless it looks like the last one.
func (a *app) redraw(v peersView, last string, terminal bool) (string, error) {
	var text string
	if a.output == outputJSON {
		raw, err := json.Marshal(v.settled())
		if err != nil {
			return "", fail(fault.Internal, err)
		}
		text = string(raw)
	} else {
		text = v.text(time.Now(), a.wide)
	}
	compare := text
	if !terminal && a.output != outputJSON {
		compare = v.settledText()
	}
	if compare == last {
		return last, nil
	}
	if terminal {
		_, err := fmt.Fprintf(a.out, "\x1b[H\x1b[2J%s  %s\n\n%s", "statusd peers", time.Now().Format(time.TimeOnly), text)
		return compare, fail(fault.IO, err)
	}
	if a.output == outputJSON {
		return compare, a.printJSON(v)
	}
	_, err := fmt.Fprintf(a.out, "%s %s\n", time.Now().Format(time.RFC3339), text)
	return compare, fail(fault.IO, err)
}

// settled is a view without what changes all the time.
func (v peersView) settled() peersView {
	out := peersView{Topics: slices.Clone(v.Topics)}
	for _, p := range v.Peers {
		p.Protocols = api.PeerProtocols{}
		out.Peers = append(out.Peers, p)
	}
	for i := range out.Topics {
		t := &out.Topics[i]
		t.Connected, t.Pending, t.Known = still(t.Connected), still(t.Pending), still(t.Known)
	}
	return out
}

func still(nodes []api.PoolNode) []api.PoolNode {
	out := slices.Clone(nodes)
	for i := range out {
		out[i].Seconds = 0
	}
	return out
}

func (v peersView) settledText() string { return v.settled().text(time.Time{}, true) }

// settle lets events gather.
func settle(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// watchError words a refused subscription.
func watchError(c *daemon, err error) error {
	if u, bad := url.Parse(c.endpoint.url); bad == nil && (u.Scheme == "http" || u.Scheme == "https") {
		return usageError(errors.New("--watch needs the socket or a ws:// address: HTTP cannot push"))
	}
	return callError(err)
}

// peerChange adds or removes a node.
func (a *app) peerChange(use string, method api.Method[api.NodeArgs, bool], short, done string) frame.Command {
	c := frame.Command{Use: use + " NODE", Short: short, Args: frame.Exactly(1, "the node, enode://… or enr:…")}
	return a.call(c, func(ctx context.Context, c *daemon, args []string) error {
		ref, err := configs.ParseNodeRef(args[0])
		if err != nil {
			return usageError(err)
		}
		if _, err := method.Call(ctx, c, api.NodeArgs{Enode: args[0]}); err != nil {
			return err
		}
		return a.say(fmt.Sprintf("%s %s", done, ref.Node().ID()), api.PeerChange{Node: ref.String(), Done: true})
	})
}
