//! The language of conditions: what it is made of, and whether it holds.

use super::Doubt;
use crate::dialect::Node;

/// Longer and deeper ones nobody writes.
const LONGEST: usize = 4096;
const DEEPEST: usize = 32;

#[derive(Debug, PartialEq)]
pub(super) enum Expression {
    /// `has_payments`.
    Term(String),
    /// `business_model == subscription`: a term, and what it is compared with.
    Compare(String, Operator, String),
    /// `scale in [medium, large]`.
    OneOf(String, Vec<String>),
    /// `payments in categories`: a word, and the term that may hold it.
    Among(String, String),
    Not(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Unequal,
    Below,
    AtMost,
    Above,
    AtLeast,
}

/// Longer lists are not searched.
const MOST: usize = 1000;

type Lookup<'l, 'n> = &'l dyn Fn(&str) -> Option<&'n Node>;

impl Expression {
    /// None when it is no condition, such as a sentence.
    pub(super) fn parse(text: &str) -> Option<Expression> {
        let mut parser = Parser {
            tokens: tokens(text)?,
            at: 0,
            depth: 0,
        };
        let expression = parser.either()?;
        (parser.at == parser.tokens.len()).then_some(expression)
    }

    /// As far as the terms have values: `a && b` does not hold when `a` does not, whatever `b` is.
    pub(super) fn holds<'n>(&self, value: Lookup<'_, 'n>) -> Result<bool, Doubt> {
        let known = |name: &str| value(name).ok_or_else(|| Doubt::NoValue(name.to_owned()));
        match self {
            Expression::Term(word) if word == "true" || word == "false" => Ok(word == "true"),
            Expression::Term(name) => truth(known(name)?).ok_or(Doubt::NotClear),
            Expression::Compare(name, operator, other) => {
                compare(known(name)?, *operator, other).ok_or(Doubt::NotClear)
            }
            Expression::OneOf(name, words) => {
                let value = word(known(name)?).ok_or(Doubt::NotClear)?;
                Ok(words.contains(&value))
            }
            Expression::Among(word, name) => {
                let list = known(name)?;
                if !list.is_list() || list.items().len() > MOST {
                    return Err(Doubt::NotClear);
                }
                Ok(list
                    .items()
                    .iter()
                    .any(|item| self::word(item).as_deref() == Some(word)))
            }
            Expression::Not(inner) => inner.holds(value).map(|holds| !holds),
            Expression::And(a, b) => settle(a.holds(value), b.holds(value), false),
            Expression::Or(a, b) => settle(a.holds(value), b.holds(value), true),
        }
    }
}

/// `settled` decides, whatever the other side is.
fn settle(a: Result<bool, Doubt>, b: Result<bool, Doubt>, settled: bool) -> Result<bool, Doubt> {
    if a == Ok(settled) || b == Ok(settled) {
        return Ok(settled);
    }
    a.and(b)
}

/// A text such as `stripe` is neither true nor false.
fn truth(value: &Node) -> Option<bool> {
    match value.as_str() {
        Some("yes" | "true") => Some(true),
        Some("no" | "false") => Some(false),
        _ => value.as_bool(),
    }
}

/// A value as it would be written in a condition.
fn word(value: &Node) -> Option<String> {
    let bool = || value.as_bool().map(|word| word.to_string());
    value.text().or_else(bool)
}

fn compare(value: &Node, operator: Operator, other: &str) -> Option<bool> {
    let numbers = value.as_f64().zip(other.parse::<f64>().ok());
    let same = || match numbers {
        Some((a, b)) => Some(a == b),
        None => word(value).map(|word| word == other),
    };
    match operator {
        Operator::Equal => same(),
        Operator::Unequal => same().map(|same| !same),
        Operator::Below => numbers.map(|(a, b)| a < b),
        Operator::AtMost => numbers.map(|(a, b)| a <= b),
        Operator::Above => numbers.map(|(a, b)| a > b),
        Operator::AtLeast => numbers.map(|(a, b)| a >= b),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A name or a number, as it is written.
    Word(String),
    Quoted(String),
    Sign(&'static str),
}

const SIGNS: &[&str] = &[
    "&&", "||", "==", "!=", ">=", "<=", ">", "<", "!", "(", ")", "[", "]", ",",
];

/// None when there is anything else in it.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut rest = text.trim_start();
    let mut tokens = Vec::new();
    if text.len() > LONGEST {
        return None;
    }
    while let Some(first) = rest.chars().next() {
        let length = if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push(Token::Sign(sign));
            sign.len()
        } else if matches!(first, '\'' | '"') {
            let inner = rest.get(1..)?;
            let end = inner.find(first)?;
            tokens.push(Token::Quoted(inner.get(..end)?.to_owned()));
            end + 2
        } else {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || "_-.".contains(c)));
            let word = &rest[..end.unwrap_or(rest.len())];
            tokens.push(match word {
                "" => return None,
                "and" => Token::Sign("&&"),
                "or" => Token::Sign("||"),
                "not" => Token::Sign("!"),
                "in" => Token::Sign("in"),
                _ => Token::Word(word.to_owned()),
            });
            word.len()
        };
        rest = rest.get(length..)?.trim_start();
    }
    Some(tokens)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn takes(&mut self, sign: &str) -> bool {
        let is_next = matches!(self.tokens.get(self.at), Some(Token::Sign(next)) if *next == sign);
        self.at += usize::from(is_next);
        is_next
    }

    fn either(&mut self) -> Option<Expression> {
        let mut left = self.both()?;
        while self.takes("||") {
            left = Expression::Or(Box::new(left), Box::new(self.both()?));
        }
        Some(left)
    }

    fn both(&mut self) -> Option<Expression> {
        let mut left = self.one()?;
        while self.takes("&&") {
            left = Expression::And(Box::new(left), Box::new(self.one()?));
        }
        Some(left)
    }

    fn one(&mut self) -> Option<Expression> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let one = if self.takes("!") {
            Expression::Not(Box::new(self.one()?))
        } else if self.takes("(") {
            let inner = self.either()?;
            if !self.takes(")") {
                return None;
            }
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Some(one)
    }

    fn comparison(&mut self) -> Option<Expression> {
        let left = self.tokens.get(self.at)?.clone();
        self.at += 1;
        let is_not = matches!(
            self.tokens.get(self.at..self.at + 2),
            Some([Token::Sign("!"), Token::Sign("in")])
        );
        self.at += usize::from(is_not);
        if self.takes("in") {
            let within = self.within(left)?;
            return Some(match is_not {
                true => Expression::Not(Box::new(within)),
                false => within,
            });
        }
        let Token::Word(name) = left else {
            return None;
        };
        for (sign, operator) in [
            ("==", Operator::Equal),
            ("!=", Operator::Unequal),
            ("<=", Operator::AtMost),
            (">=", Operator::AtLeast),
            ("<", Operator::Below),
            (">", Operator::Above),
        ] {
            if self.takes(sign) {
                return Some(Expression::Compare(name, operator, self.literal()?));
            }
        }
        Some(Expression::Term(name))
    }

    /// What stands behind `in`: a list, before which a term stands, or a term, before which a word does.
    fn within(&mut self, left: Token) -> Option<Expression> {
        if !self.takes("[") {
            let (Token::Word(word) | Token::Quoted(word)) = left else {
                return None;
            };
            let Token::Word(name) = self.tokens.get(self.at)?.clone() else {
                return None;
            };
            self.at += 1;
            return Some(Expression::Among(word, name));
        }
        let Token::Word(name) = left else {
            return None;
        };
        let mut words = vec![self.literal()?];
        while self.takes(",") {
            words.push(self.literal()?);
        }
        self.takes("]").then_some(Expression::OneOf(name, words))
    }

    /// A word on the right is what it is, never a term: so conditions are written.
    fn literal(&mut self) -> Option<String> {
        let (Token::Word(word) | Token::Quoted(word)) = self.tokens.get(self.at)?.clone() else {
            return None;
        };
        self.at += 1;
        Some(word)
    }
}
