#!/usr/bin/env node
// Echo bot: answers each message with its text, once, whatever is killed in between.
// STATUSD_DIR or STATUSD_URL say where the daemon is, STATUSD_TOKEN_FILE where the bot's token is.

import { Client } from "statusd";

for await (const message of new Client().messages("echo-typescript")) {
  await message.answer(message.text);
}
