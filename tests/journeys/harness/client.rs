//! A client with one method per endpoint.

use std::time::Duration;

use reqwest::multipart::Form;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::Answer;

/// A client of one server, signed in or not.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    address: String,
    token: Option<String>,
}

/// A session: whoever holds the tokens.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// With the access token.
    pub(crate) client: Client,
    pub(crate) refresh_token: String,
}

impl Client {
    pub(crate) fn new(address: &str) -> Self {
        let http = reqwest::Client::builder()
            // Whatever the machine is set up for: the server is on this very machine.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(40))
            .build()
            .unwrap();
        Self { http, address: address.to_owned(), token: None }
    }

    /// The same client with an access token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same session at another replica.
    pub(crate) fn at(&self, server: &super::Server) -> Self {
        Self { address: server.address().to_owned(), ..self.clone() }
    }

    /// The access token.
    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// What a sign-in or a refresh returned.
    pub(crate) fn session(&self, answer: &Answer) -> Session {
        Session { client: self.with_token(&answer.text("access_token")), refresh_token: answer.text("refresh_token") }
    }

    /// A request to any path, for the questions that no method below asks.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("http://{}{path}", self.address));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends it. An error: no whole answer came.
    pub(crate) async fn try_send(&self, request: RequestBuilder) -> Result<Answer, String> {
        let (http, request) = request.build_split();
        let request = request.unwrap();
        let question = format!("{} {}", request.method(), request.url());
        let failed = |error: reqwest::Error| format!("{question}: {error:?}");
        let response = http.execute(request).await.map_err(failed)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.map_err(failed)?;
        let body = match text.as_str() {
            "" => Value::Null,
            text => serde_json::from_str(text).map_err(|error| format!("{question}: {error}: {text}"))?,
        };
        Ok(Answer { question, status, headers, body }.carries_the_policy())
    }

    /// Sends it and fails when no answer comes.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        self.try_send(request).await.unwrap_or_else(|error| panic!("{error}"))
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Every row of a list, by following `Link`.
    pub(super) async fn all(&self, path: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut next = Some(format!("{path}?limit=200"));
        while let Some(path) = next {
            let page = self.get(&path).await.is(200);
            rows.extend_from_slice(page.rows());
            let link = page.header("link").strip_prefix('<').and_then(|link| link.split_once(">; rel=\"next\""));
            next = link.map(|(target, _)| target.to_owned());
        }
        rows
    }
}

/// `/ready` and `/auth`.
impl Client {
    pub(crate) async fn ready(&self) -> Answer {
        self.get("/ready").await
    }

    pub(crate) async fn jwks(&self) -> Answer {
        self.get("/.well-known/jwks.json").await
    }

    pub(crate) async fn login(&self, name: &str, password: &str) -> Answer {
        self.post("/api/v1/auth/login", &json!({"email": name, "password": password})).await
    }

    pub(crate) async fn login_by_form(&self, name: &str, password: &str) -> Answer {
        let form = [("grant_type", "password"), ("username", name), ("password", password)];
        self.send(self.request(Method::POST, "/api/v1/auth/token").form(&form)).await
    }

    pub(crate) async fn login_by_multipart(&self, name: &str, password: &str) -> Answer {
        let form = Form::new().text("email", name.to_owned()).text("password", password.to_owned());
        self.send(self.request(Method::POST, "/api/v1/auth/token").multipart(form)).await
    }

    pub(crate) async fn me(&self) -> Answer {
        self.get("/api/v1/auth/me").await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        self.post("/api/v1/auth/refresh", &json!({"refresh_token": token})).await
    }

    pub(crate) async fn logout(&self) -> Answer {
        self.send(self.request(Method::POST, "/api/v1/auth/logout")).await
    }

    pub(crate) async fn change_password(&self, current: &str, new: &str) -> Answer {
        let body = json!({"current_password": current, "new_password": new});
        self.post("/api/v1/auth/change-password", &body).await
    }
}

/// `/users`.
impl Client {
    pub(crate) async fn create_user(&self, body: &Value) -> Answer {
        self.post("/api/v1/users/", body).await
    }

    /// Somebody with a role, whose password is their own.
    pub(crate) async fn hire(&self, username: &str, role: &str) -> i64 {
        self.hire_for(username, role, None).await
    }

    /// The same, perhaps one of a customer's people.
    pub(crate) async fn hire_for(&self, username: &str, role: &str, customer: Option<i64>) -> i64 {
        let body = json!({
            "username": username, "email": format!("{username}@usine.test"), "password": super::PASSWORD,
            "role": role, "client_id": customer, "must_change_password": false,
        });
        self.create_user(&body).await.is(201).id()
    }

    pub(crate) async fn users(&self) -> Answer {
        self.get("/api/v1/users/?limit=200&total=true").await
    }

    pub(crate) async fn change_user(&self, id: i64, body: &Value) -> Answer {
        self.send(self.request(Method::PATCH, &format!("/api/v1/users/{id}")).json(body)).await
    }

    pub(crate) async fn deactivate_user(&self, id: i64) -> Answer {
        self.send(self.request(Method::DELETE, &format!("/api/v1/users/{id}"))).await
    }
}

/// `/equipements`.
impl Client {
    pub(crate) async fn create_equipment(&self, body: &Value) -> Answer {
        self.post("/api/v1/equipements/", body).await
    }

    pub(crate) async fn equipment(&self, id: i64) -> Answer {
        self.get(&format!("/api/v1/equipements/{id}")).await
    }

    /// A page; `query` is what stands after `?`.
    pub(crate) async fn list_equipment(&self, query: &str) -> Answer {
        self.get(&format!("/api/v1/equipements?{query}")).await
    }

    /// Every machine.
    pub(crate) async fn all_equipment(&self) -> Vec<Value> {
        self.all("/api/v1/equipements").await
    }

    pub(crate) async fn change_equipment(&self, id: i64, tag: &str, body: &Value) -> Answer {
        let request = self.request(Method::PATCH, &format!("/api/v1/equipements/{id}"));
        self.send(request.header("if-match", tag).json(body)).await
    }

    pub(crate) async fn delete_equipment(&self, id: i64) -> Answer {
        self.send(self.request(Method::DELETE, &format!("/api/v1/equipements/{id}"))).await
    }
}

/// A machine with this code.
pub(crate) fn machine(code: &str) -> Value {
    json!({"nom": format!("Presse {code}"), "code": code, "type": "presse", "localisation": "Atelier B"})
}

/// The code of a row.
pub(crate) fn code_of(row: &Value) -> &str {
    row["code"].as_str().unwrap_or_default()
}
