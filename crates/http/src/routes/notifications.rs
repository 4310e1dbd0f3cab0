//! `/notifications`: one's own.

use actix_web::web::Data;
use actix_web::{HttpRequest, get, put};
use mif_application::notifications::{ListNotifications, MarkAllRead, MarkRead};
use mif_domain::notifications::NotificationId;
use mif_domain::users::UserId;

use crate::ApiState;
use crate::answer::message;
use crate::extract::{Authenticated, Id, Query, RequestContext};
use crate::problem::ApiResult;
use crate::wire::auth::Message;
use crate::wire::notifications::{NotificationListParams, NotificationRead};
use crate::wire::paging::Paging;

/// List my notifications
#[utoipa::path(
    operation_id = "listerNotifications", tag = "notifications", params(NotificationListParams),
    responses((status = 200, description = "A page of notifications", body = Vec<NotificationRead>,
        headers(("Link" = String, description = "The next page, `rel=\"next\"`"), ("X-Total-Count" = i64, description = "With `total=true`"))))
)]
#[get("/notifications")]
pub(crate) async fn list(
    state: Data<ApiState>,
    actor: Authenticated,
    params: Query<NotificationListParams>,
    request: HttpRequest,
) -> ApiResult {
    listed(&state, &actor, None, &params.0, &request).await
}

/// List my notifications
///
/// The same as `/notifications`.
#[utoipa::path(
    operation_id = "listerMesNotifications", tag = "notifications", params(NotificationListParams),
    responses((status = 200, description = "A page of notifications", body = Vec<NotificationRead>,
        headers(("Link" = String, description = "The next page, `rel=\"next\"`"), ("X-Total-Count" = i64, description = "With `total=true`"))))
)]
#[get("/notifications/user/me")]
pub(crate) async fn list_mine(
    state: Data<ApiState>,
    actor: Authenticated,
    params: Query<NotificationListParams>,
    request: HttpRequest,
) -> ApiResult {
    listed(&state, &actor, None, &params.0, &request).await
}

/// List the notifications of a user
///
/// One's own; anybody else's are 404.
#[utoipa::path(
    operation_id = "listerNotificationsUtilisateur", tag = "notifications",
    params(("id" = i64, Path, description = "The user"), NotificationListParams),
    responses((status = 200, description = "A page of notifications", body = Vec<NotificationRead>,
        headers(("Link" = String, description = "The next page, `rel=\"next\"`"), ("X-Total-Count" = i64, description = "With `total=true`"))),
        (status = 404, description = "`introuvable`"))
)]
#[get("/notifications/user/{id}")]
pub(crate) async fn list_of_user(
    state: Data<ApiState>,
    actor: Authenticated,
    id: Id,
    params: Query<NotificationListParams>,
    request: HttpRequest,
) -> ApiResult {
    listed(&state, &actor, Some(UserId(id.0)), &params.0, &request).await
}

async fn listed(
    state: &ApiState,
    actor: &Authenticated,
    user_id: Option<UserId>,
    params: &NotificationListParams,
    request: &HttpRequest,
) -> ApiResult {
    let filter = params.filter();
    let paging = Paging::read(request, &params.paging())?;
    let wanted = ListNotifications { user_id, filter, page: paging.request.clone() };
    let notifications = wanted.run(&state.core, actor).await?;
    Ok(paging.answer(&notifications, NotificationRead::from))
}

/// Mark all my notifications as read
#[utoipa::path(
    operation_id = "marquerNotificationsLues", tag = "notifications",
    responses((status = 200, description = "Done", body = Message))
)]
#[put("/notifications/read-all")]
pub(crate) async fn mark_all_read(state: Data<ApiState>, actor: Authenticated, context: RequestContext) -> ApiResult {
    MarkAllRead.run(&state.core, &actor).await?;
    Ok(message(&context, "Notifications marquées comme lues", "Notifications marked as read"))
}

/// Mark a notification as read
#[utoipa::path(
    operation_id = "marquerNotificationLue", tag = "notifications",
    params(("id" = i64, Path, description = "The notification")),
    responses((status = 200, description = "Done", body = Message), (status = 404, description = "`introuvable`"))
)]
#[put("/notifications/{id}/read")]
pub(crate) async fn mark_read(
    state: Data<ApiState>,
    actor: Authenticated,
    context: RequestContext,
    id: Id,
) -> ApiResult {
    MarkRead { id: NotificationId(id.0) }.run(&state.core, &actor).await?;
    Ok(message(&context, "Notification marquée comme lue", "Notification marked as read"))
}
