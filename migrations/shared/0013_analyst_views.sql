-- What the views for analysts say, so that they are only made anew where that has changed. They show
-- read models, which can be computed again, and so can this.
CREATE TABLE analyst_views (
    name       text PRIMARY KEY,
    definition text NOT NULL
);
