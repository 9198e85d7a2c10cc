use super::*;

fn campaign(number: u128) -> CampaignId {
    CampaignId(uuid::Uuid::from_u128(number))
}

fn hash(number: u32) -> Digest {
    Digest::of(&[&number.to_be_bytes()])
}

fn register(number: u128, codes: impl IntoIterator<Item = u32>) -> Command {
    let at = Timestamp::from_secs(1);
    Command::Register {
        campaign: campaign(number),
        codes: codes.into_iter().map(hash).collect(),
        at,
    }
}

fn act(state: &mut State, command: &Command) -> Result<usize, Refusal> {
    let events = Codes::decide(state, command)?;
    for event in &events {
        Codes::evolve(state, event);
    }
    Ok(events.len())
}

#[test]
fn given_codes_then_each_belongs_to_one_campaign_and_a_batch_is_taken_whole_or_not() {
    let mut state = State::default();
    assert_eq!(act(&mut state, &register(1, [1, 2])), Ok(1));
    assert_eq!(act(&mut state, &register(1, [1, 2])), Ok(0), "repeated");
    assert_eq!(act(&mut state, &register(2, [3, 2])), Err(Refusal::CodeTaken));
    assert_eq!(state.campaign_of(&hash(3)), None, "nothing of the refused batch");
    assert_eq!(state.campaign_of(&hash(2)), Some(campaign(1)));
    for bad in [register(1, []), register(1, [7, 7]), register(1, 0..1_001)] {
        assert_eq!(act(&mut state, &bad), Err(Refusal::BatchInvalid));
    }
}

#[test]
fn given_100_000_codes_then_the_state_weighs_no_more_than_promised_and_there_is_a_limit() {
    let mut state = State::default();
    for batch in 0..100 {
        act(&mut state, &register(1, batch * 1_000..(batch + 1) * 1_000)).unwrap();
    }
    let per_code = state.weight_bytes().div_ceil(100_000);
    println!("codes: {per_code} bytes a code");
    assert!((size_of::<(Digest, CampaignId)>()..=MAX_BYTES_PER_CODE).contains(&per_code));
    for batch in 100..200 {
        act(&mut state, &register(1, batch * 1_000..(batch + 1) * 1_000)).unwrap();
    }
    assert_eq!(act(&mut state, &register(1, [900_000])), Err(Refusal::TooMany));
}
