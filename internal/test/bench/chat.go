package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"statusd/api"
	"statusd/api/client"
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

// signal is an event of a subscription. What it does not tell is empty.
type signal struct {
	messages  []api.Message
	delivered api.MessageDeliveredEvent
	sent      []string // ids
	at        time.Time
}

// heard is an event as a signal.
func heard(e api.EventNotice) (signal, error) {
	s := signal{at: time.Now()}
	if e.Event == nil {
		return s, fmt.Errorf("events are missing before %d", e.From)
	}
	payload, err := e.Decode()
	switch told := payload.(type) {
	case api.MessagesNewEvent:
		s.messages = told.Messages
	case api.MessageDeliveredEvent:
		s.delivered = told
	case api.EnvelopeSentEvent:
		s.sent = told.IDs
	}
	return s, err
}

// person is a node with a subscription to its events.
type person struct {
	*devnet.Node
	contact string // id
	signals chan signal
}

// listen subscribes to the events of a node.
func listen(ctx context.Context, n *devnet.Node) (*person, error) {
	p := &person{Node: n, signals: make(chan signal, 4*historyTotal)}
	sub, err := client.Subscribe(ctx, n.Client(), api.StatusSubscribe, api.StatusSubscribeArgs{
		Name: api.StatusSubscribe.Topic, Options: &api.SignalsQuery{Types: []api.EventType{
			api.EventMessagesNew, api.EventMessageDelivered, api.EventEnvelopeSent,
		}},
	})
	if err != nil {
		return nil, err
	}
	go func() { // ends with the connection
		defer close(p.signals)
		for {
			e, err := sub.Next(context.Background())
			if err != nil {
				return
			}
			s, err := heard(e)
			if err != nil {
				fmt.Fprintf(os.Stderr, "%s: %v\n", n.Name, err)
				return
			}
			p.signals <- s
		}
	}()
	keys, err := api.KeyInspect.Call(ctx, n, api.KeyArgs{Key: n.Key})
	if err != nil {
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
	message := api.OutgoingMessage{ChatID: chat, Text: text, ContentType: api.ContentText}
	answer, err := api.WakuextSendChatMessage.Call(ctx, p, api.SendMessageArgs{Message: message})
	if err != nil {
		return "", err
	}
	if len(answer.Messages) == 0 {
		return "", fmt.Errorf("the answer has no message")
	}
	return answer.Messages[0].ID, nil
}

// save opens a chat.
func (p *person) save(ctx context.Context, id, name string, kind api.ChatType) error {
	chat := api.ChatSettings{ID: id, Name: name, ChatType: kind, Active: true}
	if _, err := api.WakuextSaveChat.Call(ctx, p, api.SaveChatArgs{Chat: chat}); err != nil {
		return err
	}
	_, err := api.WakuextJoin.Call(ctx, p, api.ChatArgs{Chat: api.ChatRef{ID: id}})
	return err
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
		if err := way[0].save(ctx, way[1].contact, way[1].Name, api.ChatOneToOne); err != nil {
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
		return slices.ContainsFunc(s.messages, func(m api.Message) bool { return m.ID == id })
	}
}

func delivered(id string) func(signal) bool {
	return func(s signal) bool {
		return s.delivered.MessageID == id && s.delivered.Waiting == 0
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
	if err := ana.save(ctx, "tea", "tea", api.ChatPublic); err != nil {
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
		for _, m := range s.messages {
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
	made, err := api.WakuextCreateGroupChatWithMembers.Call(ctx, ana, api.CreateGroupArgs{Name: "all", IDs: ids})
	if err != nil {
		return err
	}
	group := made.Chats[0].ID
	for _, p := range people[1:] {
		if err := p.until(ctx, func(s signal) bool {
			return len(s.messages) > 0 && s.messages[0].LocalChatID == group
		}); err != nil {
			return err
		}
		if _, err := api.WakuextConfirmJoiningGroup.Call(ctx, p, api.GroupArgs{ChatID: group}); err != nil {
			return err
		}
	}
	joined := 0
	if err := ana.until(ctx, func(s signal) bool {
		for _, m := range s.messages {
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
			if err := p.save(ctx, chat, chat, api.ChatPublic); err != nil {
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
		sent += len(s.sent)
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
			if _, err := api.WakuextChats.Call(probing, ben, api.None{}); err == nil {
				answers = append(answers, time.Since(asked))
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	seen := map[string]bool{}
	err = again.until(ctx, func(s signal) bool {
		for _, m := range s.messages {
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
