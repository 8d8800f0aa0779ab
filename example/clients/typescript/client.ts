// Logs in with a client whose types were generated from the app's own description:
//
//   npx openapi-typescript http://localhost:8080/schema/openapi.json -o api.d.ts
//   npx tsc && node client.js http://localhost:8080

import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type Problem = components["schemas"]["Problem"];

const url = process.argv[2];
if (url === undefined) throw new Error("usage: node client.js URL");

// Browsers keep cookies by themselves. Node does not.
const cookies = new Map<string, string>();
const client = createClient<paths>({ baseUrl: url });
client.use({
  onRequest({ request }) {
    if (cookies.size > 0) request.headers.set("Cookie", [...cookies.values()].join("; "));
  },
  onResponse({ response }) {
    for (const set of response.headers.getSetCookie()) {
      const pair = set.split(";")[0] ?? "";
      cookies.set(pair.split("=")[0] ?? "", pair);
    }
  },
});

function fail(doing: string, problem: Problem | undefined): never {
  throw new Error(`${doing}: ${problem?.code ?? "no answer"}`);
}

const password = "tea at half past four";
const email = "tess@example.com";

const signUp = await client.POST("/signup", { body: { name: "Tess", email, password } });
if (signUp.data === undefined) fail("signing up", signUp.error);

const logout = await client.POST("/logout");
if (logout.response.status !== 204) fail("logging out", logout.error);

const refused = await client.GET("/user");
if (refused.error?.code !== "unauthenticated") fail("asking without a session", refused.error);

const login = await client.POST("/login", { body: { email, password } });
if (login.data === undefined) fail("logging in", login.error);

const me = await client.GET("/user");
if (me.data === undefined) fail("asking who I am", me.error);
const name: string = me.data.name;
console.log("hello", name);
