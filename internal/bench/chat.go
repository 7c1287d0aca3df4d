package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/ethereum/go-ethereum/rpc"

	"statusd/cmd/statusd/devnet"
)

// Sizes of the workloads of chats.
const (
	pacedMessages = 300
	pacedPause    = 30 * time.Millisecond
	burstMessages = 1000
	burstCallers  = 4
	groupMembers  = 50
	historyChats  = 20
	historyTotal  = 10_000
	commandRuns   = 21
	chatPatience  = 5 * time.Minute
)

// signal is an event of a subscription.
type signal struct {
	Cursor int64
	Type   string
	Event  struct {
		Messages []struct {
			ID, Text, LocalChatID string
			New                   bool
		}
		MessageID string
		Waiting   int
		IDs       []string
	}
	at time.Time
}

// person is a node with a subscription to its events.
type person struct {
	*devnet.Node
	contact string // id
	sub     *rpc.ClientSubscription
	signals chan signal
}

// listen subscribes to the events of a node.
func listen(ctx context.Context, n *devnet.Node) (*person, error) {
	p := &person{Node: n, signals: make(chan signal, 4*historyTotal)}
	raw := make(chan json.RawMessage, 1024)
	sub, err := n.Client().Subscribe(ctx, "status", raw, "signals", map[string]any{
		"types": []string{"messages.new", "message.delivered", "envelope.sent"},
	})
	if err != nil {
		return nil, err
	}
	p.sub = sub
	go func() {
		defer close(p.signals)
		for {
			select {
			case r := <-raw:
				s := signal{at: time.Now()}
				if json.Unmarshal(r, &s) == nil {
					p.signals <- s
				}
			case <-sub.Err():
				return
			}
		}
	}()
	var keys struct{ PublicKey string }
	if err := n.Call(ctx, &keys, "key_inspect", n.Key); err != nil {
		return nil, err
	}
	p.contact = keys.PublicKey
	return p, nil
}

// until takes signals until done says so.
func (p *person) until(ctx context.Context, done func(signal) bool) error {
	for {
		select {
		case s, ok := <-p.signals:
			if !ok {
				return fmt.Errorf("%s: the subscription ended", p.Name)
			}
			if done(s) {
				return nil
			}
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", p.Name, ctx.Err())
		}
	}
}

// send sends a text to a chat and returns its id.
func (p *person) send(ctx context.Context, chat, text string) (string, error) {
	var answer struct{ Messages []struct{ ID string } }
	message := map[string]any{"chatId": chat, "text": text, "contentType": 1}
	if err := p.Call(ctx, &answer, "wakuext_sendChatMessage", message); err != nil {
		return "", err
	}
	if len(answer.Messages) == 0 {
		return "", fmt.Errorf("the answer has no message")
	}
	return answer.Messages[0].ID, nil
}

// save opens a chat.
func (p *person) save(ctx context.Context, id, name string, kind int) error {
	chat := map[string]any{"id": id, "name": name, "chatType": kind, "active": true}
	if err := p.Call(ctx, nil, "wakuext_saveChat", chat); err != nil {
		return err
	}
	return p.Call(ctx, nil, "wakuext_join", chat)
}

// measureChat runs the workloads of chats, each in a network of its own.
func measureChat(binary, only string) error {
	binary, err := filepath.Abs(binary)
	if err != nil {
		return err
	}
	for _, w := range []struct {
		name string
		run  func(ctx context.Context, binary string) error
	}{
		{"chat-latency", measureLatency}, {"chat-command", measureCommand}, {"chat-burst", measureBurst},
		{"chat-group", measureGroup}, {"chat-history", measureHistory},
	} {
		if only != "" && only != "chat" && only != w.name {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), chatPatience)
		err := w.run(ctx, binary)
		cancel()
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
	}
	return nil
}

// network starts people on one relay. The first are subscribed.
func network(ctx context.Context, binary string, names ...string) (*devnet.Network, []*person, func(), error) {
	dir, err := os.MkdirTemp("", "chat")
	if err != nil {
		return nil, nil, nil, err
	}
	net := devnet.New(devnet.Config{Program: binary, Dir: dir, Login: "bench"})
	stop := func() {
		_ = net.Close()
		_ = os.RemoveAll(dir)
	}
	if err := net.Start(ctx, names...); err != nil {
		stop()
		return nil, nil, nil, err
	}
	people := make([]*person, len(names))
	for i, name := range names {
		if people[i], err = listen(ctx, net.Node(name)); err != nil {
			stop()
			return nil, nil, nil, err
		}
	}
	return net, people, stop, nil
}

// acquaint sends a first message each way, so that sessions are there.
func acquaint(ctx context.Context, a, b *person) error {
	for _, way := range [][2]*person{{a, b}, {b, a}} {
		if err := way[0].save(ctx, way[1].contact, way[1].Name, 1); err != nil {
			return err
		}
		id, err := way[0].send(ctx, way[1].contact, "hello")
		if err != nil {
			return err
		}
		if err := way[0].until(ctx, delivered(id)); err != nil {
			return err
		}
		if err := way[1].until(ctx, received(id)); err != nil {
			return err
		}
	}
	return nil
}

func received(id string) func(signal) bool {
	return func(s signal) bool {
		return slices.ContainsFunc(s.Event.Messages, func(m struct {
			ID, Text, LocalChatID string
			New                   bool
		}) bool {
			return m.ID == id
		})
	}
}

func delivered(id string) func(signal) bool {
	return func(s signal) bool {
		return s.Type == "message.delivered" && s.Event.MessageID == id && s.Event.Waiting == 0
	}
}

func measureLatency(ctx context.Context, binary string) error {
	_, people, stop, err := network(ctx, binary, "ana", "ben")
	if err != nil {
		return err
	}
	defer stop()
	ana, ben := people[0], people[1]
	if err := acquaint(ctx, ana, ben); err != nil {
		return err
	}
	var call, there, mark []time.Duration
	for i := range pacedMessages {
		start := time.Now()
		id, err := ana.send(ctx, ben.contact, fmt.Sprintf("message %d", i))
		if err != nil {
			return err
		}
		call = append(call, time.Since(start))
		if err := ben.until(ctx, func(s signal) bool {
			got := received(id)(s)
			if got {
				there = append(there, s.at.Sub(start))
			}
			return got
		}); err != nil {
			return err
		}
		if err := ana.until(ctx, func(s signal) bool {
			got := delivered(id)(s)
			if got {
				mark = append(mark, s.at.Sub(start))
			}
			return got
		}); err != nil {
			return err
		}
		time.Sleep(pacedPause)
	}
	fmt.Printf("one to one, one relay between, %d messages: send call %s, at the recipient %s, delivered mark %s\n",
		pacedMessages, spread(call), spread(there), spread(mark))
	return nil
}

// spread is the median and the 99th percentile.
func spread(d []time.Duration) string {
	slices.Sort(d)
	return fmt.Sprintf("p50 %s p99 %s", round(d[len(d)/2]), round(d[len(d)*99/100]))
}

func measureCommand(ctx context.Context, binary string) error {
	_, people, stop, err := network(ctx, binary, "ana")
	if err != nil {
		return err
	}
	defer stop()
	ana := people[0]
	if err := ana.save(ctx, "tea", "tea", 2); err != nil {
		return err
	}
	var wall []time.Duration
	rss := int64(0)
	for range commandRuns {
		cmd := exec.CommandContext(ctx, binary, "send", "#tea", "-m", "hello", "--dir", ana.Dir)
		start := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		wall = append(wall, time.Since(start))
		if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			rss = max(rss, usage.Maxrss<<10)
		}
	}
	slices.Sort(wall)
	fmt.Printf("statusd send as a command, until sent: median %s, longest %s, %.1f MiB\n", round(wall[len(wall)/2]),
		round(wall[len(wall)-1]), float64(rss)/(1<<20))
	return nil
}

func measureBurst(ctx context.Context, binary string) error {
	_, people, stop, err := network(ctx, binary, "ana", "ben")
	if err != nil {
		return err
	}
	defer stop()
	ana, ben := people[0], people[1]
	if err := acquaint(ctx, ana, ben); err != nil {
		return err
	}
	var mu sync.Mutex
	var failure error
	var callers sync.WaitGroup
	start := time.Now()
	for c := range burstCallers {
		callers.Go(func() {
			for i := c; i < burstMessages; i += burstCallers {
				if _, err := ana.send(ctx, ben.contact, fmt.Sprintf("burst %d", i)); err != nil {
					mu.Lock()
					failure = err
					mu.Unlock()
					return
				}
			}
		})
	}
	callers.Wait()
	sent := time.Since(start)
	if failure != nil {
		return failure
	}
	counts := map[string]int{}
	err = ben.until(ctx, func(s signal) bool {
		for _, m := range s.Event.Messages {
			if m.New && strings.HasPrefix(m.Text, "burst ") {
				counts[m.Text]++
			}
		}
		return len(counts) == burstMessages
	})
	took := time.Since(start)
	double := 0
	for _, n := range counts {
		double += n - 1
	}
	if err != nil {
		return fmt.Errorf("%d of %d arrived: %w", len(counts), burstMessages, err)
	}
	fmt.Printf("burst of %d: accepted in %s, all received after %s (%.0f/s), %d twice\n", burstMessages, round(sent),
		round(took), burstMessages/took.Seconds(), double)
	return nil
}

func measureGroup(ctx context.Context, binary string) error {
	names := []string{"ana"}
	for i := 1; i < groupMembers; i++ {
		names = append(names, fmt.Sprintf("m%02d", i))
	}
	_, people, stop, err := network(ctx, binary, names...)
	if err != nil {
		return err
	}
	defer stop()
	ana := people[0]
	var ids []string
	for _, p := range people[1:] {
		ids = append(ids, p.contact)
	}
	var made struct{ Chats []struct{ ID string } }
	if err := ana.Call(ctx, &made, "wakuext_createGroupChatWithMembers", "all", ids); err != nil {
		return err
	}
	group := made.Chats[0].ID
	for _, p := range people[1:] {
		if err := p.until(ctx, func(s signal) bool {
			return len(s.Event.Messages) > 0 && s.Event.Messages[0].LocalChatID == group
		}); err != nil {
			return err
		}
		if err := p.Call(ctx, nil, "wakuext_confirmJoiningGroup", group); err != nil {
			return err
		}
	}
	joined := 0
	if err := ana.until(ctx, func(s signal) bool {
		for _, m := range s.Event.Messages {
			if strings.Contains(m.Text, "joined") {
				joined++
			}
		}
		return joined == len(people)-1
	}); err != nil {
		return fmt.Errorf("%d joined: %w", joined, err)
	}
	var call, all []time.Duration
	for i := range 10 {
		time.Sleep(2 * time.Second) // the updates of the members have settled
		start := time.Now()
		id, err := ana.send(ctx, group, fmt.Sprintf("to all %d", i))
		if err != nil {
			return err
		}
		call = append(call, time.Since(start))
		last := start
		for _, p := range people[1:] {
			if err := p.until(ctx, func(s signal) bool {
				got := received(id)(s)
				if got && s.at.After(last) {
					last = s.at
				}
				return got
			}); err != nil {
				return err
			}
		}
		all = append(all, last.Sub(start))
	}
	fmt.Printf("group of %d on one relay, 10 messages: send call %s, all %d have it after %s\n", groupMembers,
		spread(call), groupMembers-1, spread(all))
	return nil
}

func measureHistory(ctx context.Context, binary string) error {
	net, people, stop, err := network(ctx, binary, "ana", "ben")
	if err != nil {
		return err
	}
	defer stop()
	ana, ben := people[0], people[1]
	for i := range historyChats {
		chat := fmt.Sprintf("room-%d", i)
		for _, p := range people {
			if err := p.save(ctx, chat, chat, 2); err != nil {
				return err
			}
		}
	}
	if err := net.Stop(ben.Node); err != nil {
		return err
	}
	for i := range historyTotal {
		if _, err := ana.send(ctx, fmt.Sprintf("room-%d", i%historyChats), fmt.Sprintf("old %d", i)); err != nil {
			return err
		}
	}
	sent := 0
	if err := ana.until(ctx, func(s signal) bool {
		if s.Type == "envelope.sent" {
			sent += len(s.Event.IDs)
		}
		return sent == historyTotal
	}); err != nil {
		return fmt.Errorf("%d sent: %w", sent, err)
	}
	time.Sleep(40 * time.Second) // until no relay has them any more
	if err := net.Run(ctx, ben.Node); err != nil {
		return err
	}
	again, err := listen(ctx, ben.Node)
	if err != nil {
		return err
	}
	start := time.Now()
	if err := net.Login(ctx, ben.Node); err != nil {
		return err
	}
	probing, finish := context.WithCancel(ctx)
	var answers []time.Duration
	var prober sync.WaitGroup
	prober.Go(func() {
		for probing.Err() == nil {
			asked := time.Now()
			if err := ben.Call(probing, nil, "wakuext_chats"); err == nil {
				answers = append(answers, time.Since(asked))
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	seen := map[string]bool{}
	err = again.until(ctx, func(s signal) bool {
		for _, m := range s.Event.Messages {
			if m.New && strings.HasPrefix(m.Text, "old ") {
				seen[m.Text] = true
			}
		}
		return len(seen) == historyTotal
	})
	took := time.Since(start)
	finish()
	prober.Wait()
	if err != nil {
		return fmt.Errorf("%d of %d arrived: %w", len(seen), historyTotal, err)
	}
	fmt.Printf("catching up %d messages of %d chats: %s; wakuext_chats meanwhile %s\n", historyTotal, historyChats,
		round(took), spread(answers))
	return nil
}
