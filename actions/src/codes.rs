//! Codes: who makes them, what they give, and redeeming one.
//!
//! A code itself is in nobody's books: hashed with the community's own key it is looked for, and
//! hashed it is kept. Codes that are made here follow from that key and the campaign, so that a
//! command that is carried out twice shows the same ones.

mod guesses;
mod lists;
mod rewards;
mod text;

use domain::{
    CampaignId, Decider as _, GuildId, IdempotencyKey, PersonId, RoleId, Timestamp,
    campaign::{self, Campaign, Limits, Redeem, Reward},
    codes::{self, Codes, MAX_BATCH},
    digest::Digest,
    tiers,
};
use eventlog::{CommandError, Decision, StreamId};
use uuid::Uuid;

pub use lists::{CampaignLine, CampaignPage, MAX_PAGE, Redemption, RedemptionPage};
pub use rewards::{MAX_RETRIES, RewardOrder};

use crate::{
    ActionError, Actions, Caller, Permission, RoleFacts,
    modules::{Module, Offer},
    unknown_role,
};

pub const MODULE: Module = Module {
    name: "codes",
    title: "Codes",
    about: "Codes that members redeem for bytes, a role or days in a tier.",
    offer: Offer::Standard,
};

/// A campaign that is to be made.
#[derive(Clone, Debug)]
pub struct NewCampaign {
    pub name: String,
    pub reward: Reward,
    /// Of the role that it gives.
    pub role: Option<RoleFacts>,
    pub limits: Limits,
    pub codes: Wanted,
}

/// Which codes a campaign is to have.
#[derive(Clone, PartialEq, Eq)]
pub enum Wanted {
    /// This one.
    Given(String),
    /// So many, made here.
    Made(u32),
}

/// Never shown: codes end up in no log.
impl std::fmt::Debug for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Given(_) => "Given(…)",
            Self::Made(_) => "Made(…)",
        })
    }
}

/// A new campaign, with its codes in the clear: this once.
#[derive(Clone, PartialEq, Eq)]
pub struct MadeCampaign {
    pub campaign: CampaignId,
    pub codes: Vec<String>,
}

impl std::fmt::Debug for MadeCampaign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MadeCampaign").field("campaign", &self.campaign).finish_non_exhaustive()
    }
}

/// What somebody redeemed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redeemed {
    pub reward: Reward,
    /// The use's number.
    pub number: u32,
    pub repeated: bool,
}

impl Actions {
    #[tracing::instrument(name = "codes.create", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn create_campaign(
        &self,
        guild: GuildId,
        caller: &Caller,
        new: NewCampaign,
        key: &IdempotencyKey,
    ) -> Result<MadeCampaign, ActionError> {
        self.manage_codes(guild, caller, "codes create", key).await?;
        if let Some(role) = role_of(&new.reward) {
            let facts = new.role.filter(|facts| facts.role == role).ok_or_else(unknown_role)?;
            facts.may_be_bound_by(caller)?;
            let timed = matches!(new.reward, Reward::Tier { .. });
            if timed && !self.is_tier(guild, role).await? {
                return Err(refused(&tiers::Refusal::NoSuchTier));
            }
        }
        let name = format!("reeve.campaign/{guild}/{}", key.as_str());
        let campaign = CampaignId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()));
        let codes = match &new.codes {
            Wanted::Given(code) => vec![text::tidy(code)?],
            Wanted::Made(count) => self.make_codes(guild, campaign, *count).await?,
        };
        let mut hashes = Vec::with_capacity(codes.len());
        for code in &codes {
            hashes.push(self.code_hash(guild, code).await?);
        }
        // Looked at first, so that a code that is taken leaves no campaign behind.
        let stream = StreamId::of_guild(Codes::CAPABILITY, guild);
        let taken = self.bus().read::<Codes, _>(&stream, |state, _| {
            hashes.iter().any(|hash| state.campaign_of(hash).is_some_and(|of| of != campaign))
        });
        if taken.await? {
            return Err(refused(&codes::Refusal::CodeTaken));
        }
        let (at, by) = (self.now(), self.member(guild, caller).await?);
        let NewCampaign { name, reward, limits, .. } = new;
        let create = campaign::Command::Create { name, by, reward, limits, at };
        self.campaign(guild, campaign, caller, key, &create).await?;
        let register = codes::Command::Register { campaign, codes: hashes, at };
        let request = self.request(guild, caller, key, None).await?;
        let registered = self.bus().execute::<Codes>(&stream, &register, &request).await;
        if let Err(CommandError::Refused(refusal)) = registered {
            // Taken in the same moment: a campaign without codes is nobody's.
            let revoke = campaign::Command::Revoke { by, at };
            let key = IdempotencyKey::new(format!("{}/without-codes", key.as_str()));
            let key = key.map_err(|error| ActionError::BadInput(error.to_string()))?;
            self.campaign(guild, campaign, caller, &key, &revoke).await?;
            return Err(refused(&refusal));
        }
        registered?;
        Ok(MadeCampaign { campaign, codes: codes.iter().map(|code| text::grouped(code)).collect() })
    }

    /// `at` is when it was asked for. A wrong code counts as a guess, and guesses are few.
    #[tracing::instrument(name = "codes.redeem", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn redeem_code(
        &self,
        guild: GuildId,
        caller: &Caller,
        code: &str,
        at: Timestamp,
        key: &IdempotencyKey,
    ) -> Result<Redeemed, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let user = caller.user().ok_or(ActionError::NotYourself)?;
        self.claim_guess(guild, user).await?;
        let code = match text::tidy(code) {
            Ok(code) => self.code_hash(guild, &code).await?,
            Err(_) => return Err(no_such_code()),
        };
        let stream = StreamId::of_guild(Codes::CAPABILITY, guild);
        let found = self.bus().read::<Codes, _>(&stream, |state, _| state.campaign_of(&code));
        let campaign = found.await?.ok_or_else(no_such_code)?;
        self.give_back_guess(guild, user).await?;
        let person = self.people().person(guild, user).await?;
        let roles = caller.standing().roles.clone();
        let redeem = Redeem { person, code, roles, blocked: false, at };
        let command = campaign::Command::Redeem(redeem);
        let decision = self.campaign(guild, campaign, caller, key, &command).await?;
        let redeemed = decision.events.iter().find_map(|event| match event {
            campaign::Event::Redeemed { number, reward, .. } => {
                Some(Redeemed { reward: *reward, number: *number, repeated: decision.repeated })
            }
            _ => None,
        });
        redeemed.ok_or_else(|| ActionError::BadInput("This key was used already.".to_owned()))
    }

    /// Other limits for a campaign that runs.
    #[tracing::instrument(name = "codes.limit", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn limit_campaign(
        &self,
        guild: GuildId,
        caller: &Caller,
        campaign: CampaignId,
        change: impl FnOnce(&mut Limits) + Send,
        key: &IdempotencyKey,
    ) -> Result<Limits, ActionError> {
        self.manage_codes(guild, caller, "codes limit", key).await?;
        let stream = campaign_stream(guild, campaign);
        let limits = self.bus().read::<Campaign, _>(&stream, |state, _| state.limits().cloned());
        let missing = || refused(&campaign::Refusal::NoSuchCampaign);
        let mut limits = limits.await?.ok_or_else(missing)?;
        change(&mut limits);
        let (by, at) = (self.member(guild, caller).await?, self.now());
        let command = campaign::Command::SetLimits { by, limits: limits.clone(), at };
        self.campaign(guild, campaign, caller, key, &command).await?;
        Ok(limits)
    }

    /// Every code of a campaign.
    #[tracing::instrument(name = "codes.revoke", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn revoke_campaign(
        &self,
        guild: GuildId,
        caller: &Caller,
        campaign: CampaignId,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        self.manage_codes(guild, caller, "codes revoke", key).await?;
        let (by, at) = (self.member(guild, caller).await?, self.now());
        let command = campaign::Command::Revoke { by, at };
        self.campaign(guild, campaign, caller, key, &command).await.map(drop)
    }

    /// One code, and no other of its campaign.
    #[tracing::instrument(name = "codes.revoke_one", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn revoke_code(
        &self,
        guild: GuildId,
        caller: &Caller,
        code: &str,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        self.manage_codes(guild, caller, "codes revoke", key).await?;
        let code = self.code_hash(guild, &text::tidy(code)?).await?;
        let stream = StreamId::of_guild(Codes::CAPABILITY, guild);
        let found = self.bus().read::<Codes, _>(&stream, |state, _| state.campaign_of(&code));
        let campaign = found.await?.ok_or_else(no_such_code)?;
        let (by, at) = (self.member(guild, caller).await?, self.now());
        let command = campaign::Command::RevokeCode { code, by, at };
        self.campaign(guild, campaign, caller, key, &command).await.map(drop)
    }

    /// Who may make codes, see how they do, and revoke them.
    async fn manage_codes(
        &self,
        guild: GuildId,
        caller: &Caller,
        what: &str,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let permission = Permission::ManageEconomy;
        self.authorise_to((what, None), guild, caller, permission, key).await
    }

    /// Whose name stands on it.
    async fn member(&self, guild: GuildId, caller: &Caller) -> Result<PersonId, ActionError> {
        let user = caller.user().ok_or(ActionError::NotYourself)?;
        Ok(self.people().person(guild, user).await?)
    }

    /// Decides something about a campaign.
    async fn campaign(
        &self,
        guild: GuildId,
        campaign: CampaignId,
        caller: &Caller,
        key: &IdempotencyKey,
        command: &campaign::Command,
    ) -> Result<Decision<campaign::Event>, ActionError> {
        let request = self.request(guild, caller, key, None).await?;
        let stream = campaign_stream(guild, campaign);
        Ok(self.bus().execute::<Campaign>(&stream, command, &request).await?)
    }

    async fn make_codes(
        &self,
        guild: GuildId,
        campaign: CampaignId,
        count: u32,
    ) -> Result<Vec<String>, ActionError> {
        if count == 0 || count as usize > MAX_BATCH {
            return Err(refused(&codes::Refusal::BatchInvalid));
        }
        let key = self.people().community_key(guild, text::MADE).await?;
        Ok((0..count).map(|number| text::made(&key, campaign, number)).collect())
    }

    async fn code_hash(&self, guild: GuildId, code: &str) -> Result<Digest, ActionError> {
        let key = self.people().community_key(guild, text::HASHED).await?;
        Ok(Digest::keyed(&key, &[code.as_bytes()]))
    }
}

fn campaign_stream(guild: GuildId, campaign: CampaignId) -> StreamId {
    StreamId::part(Campaign::CAPABILITY, guild, &campaign.to_string())
}

const fn role_of(reward: &Reward) -> Option<RoleId> {
    match reward {
        Reward::Bytes { .. } => None,
        Reward::Role { role } | Reward::Tier { role, .. } => Some(*role),
    }
}

fn no_such_code() -> ActionError {
    let text = "There is no such code here. Look at how it is written, and try again.";
    ActionError::Refused { rule: "codes.unknown", text: text.to_owned() }
}

fn refused<R: domain::Refusal>(refusal: &R) -> ActionError {
    ActionError::Refused { rule: refusal.rule(), text: refusal.to_string() }
}
