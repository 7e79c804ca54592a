//! PromQL text, parsed. The only file that names the parser.
//!
//! The tree that comes out is ours and small: what the rules ask of an expression, nothing else.

use promql_parser::label::{MatchOp, Matcher as ParsedMatcher};
use promql_parser::parser::{
    BinaryExpr, Expr as Parsed, LabelModifier, VectorMatchCardinality, VectorSelector, parse,
};

/// The longest expression that is parsed, in bytes.
const MAX_BYTES: usize = 64 << 10;
/// The most operators of one expression, and the most brackets that are open at once: the tree is
/// walked by calls that call themselves.
const MAX_OPERATORS: usize = 256;
const MAX_OPEN: usize = 64;
/// The longest range in seconds: a thousand years. The parser panics on what no duration holds.
const MAX_SECONDS: f64 = 31_536_000_000.0;

/// An expression.
#[derive(Debug, Clone)]
pub(super) enum Expr {
    Number(f64),
    Text(String),
    Selector(Selector),
    /// An expression evaluated over a range: `x[1h:1m]`.
    Subquery(Box<Expr>),
    Aggregate {
        operator: String,
        inner: Box<Expr>,
        parameter: Option<Box<Expr>>,
        grouping: Grouping,
    },
    Binary(Box<Binary>),
    Negated(Box<Expr>),
    Call {
        function: String,
        arguments: Vec<Expr>,
    },
}

/// Two operands.
#[derive(Debug, Clone)]
pub(super) struct Binary {
    pub(super) operator: String,
    pub(super) left: Expr,
    pub(super) right: Expr,
    /// `bool`: the comparison answers 0 or 1 instead of filtering.
    pub(super) is_bool: bool,
    /// `on` or `ignoring`.
    pub(super) matching: Grouping,
    /// `group_left` or `group_right`, and the labels it copies.
    pub(super) many: Option<(Many, Vec<String>)>,
}

/// Which side of a binary operation may hold many series for one of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Many {
    Left,
    Right,
}

/// Which labels an operation keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Grouping {
    /// Nothing is said.
    None,
    /// `by` or `on`.
    Only(Vec<String>),
    /// `without` or `ignoring`.
    AllBut(Vec<String>),
}

/// A selector of series, instant or over a range.
#[derive(Debug, Clone)]
pub(super) struct Selector {
    /// The metric's name; `None` when only a pattern names it.
    pub(super) metric: Option<String>,
    /// Every matcher but that of the name.
    pub(super) matchers: Vec<Matcher>,
    /// The range in seconds.
    pub(super) window: Option<f64>,
}

/// One label matcher.
#[derive(Debug, Clone)]
pub(super) struct Matcher {
    pub(super) label: String,
    pub(super) value: String,
    pub(super) kind: MatchKind,
    parsed: ParsedMatcher,
}

/// How a matcher compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MatchKind {
    Equal,
    NotEqual,
    Pattern,
    NotPattern,
}

impl Matcher {
    /// Tells whether a value of the label fits; a label that is not there has the value `""`.
    pub(super) fn fits(&self, value: &str) -> bool {
        self.parsed.is_match(value)
    }

    /// Tells whether two matchers say the same.
    pub(super) fn same(&self, other: &Self) -> bool {
        (&self.label, &self.value, self.kind) == (&other.label, &other.value, other.kind)
    }
}

/// Why an expression could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ExprError {
    /// It is not PromQL; says what is wrong.
    Invalid(String),
    /// It is larger than what is judged.
    TooLarge(String),
}

impl Expr {
    /// Parses an expression and checks its types.
    pub(super) fn parse(text: &str) -> Result<Self, ExprError> {
        measure(text)?;
        let parsed = parse(text).map_err(ExprError::Invalid)?;
        Ok(convert(&parsed))
    }

    /// Calls `visit` for this expression and every one inside it, outermost first.
    pub(super) fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        match self {
            Self::Number(_) | Self::Text(_) | Self::Selector(_) => {}
            Self::Subquery(inner) | Self::Negated(inner) => inner.walk(visit),
            Self::Aggregate { inner, parameter, .. } => {
                if let Some(parameter) = parameter {
                    parameter.walk(visit);
                }
                inner.walk(visit);
            }
            Self::Binary(binary) => {
                binary.left.walk(visit);
                binary.right.walk(visit);
            }
            Self::Call { arguments, .. } => {
                arguments.iter().for_each(|argument| argument.walk(visit));
            }
        }
    }

    /// Returns every selector in the order of the text.
    pub(super) fn selectors(&self) -> Vec<&Selector> {
        let mut selectors = Vec::new();
        self.walk(&mut |expr| {
            if let Self::Selector(selector) = expr {
                selectors.push(selector);
            }
        });
        selectors
    }

    /// Returns the two operands of a binary operation.
    pub(super) fn as_binary(&self) -> Option<&Binary> {
        if let Self::Binary(binary) = self { Some(binary) } else { None }
    }

    /// Returns function and arguments of a call.
    pub(super) fn as_call(&self) -> Option<(&str, &[Self])> {
        if let Self::Call { function, arguments } = self {
            Some((function, arguments))
        } else {
            None
        }
    }

    /// Tells whether the result is one number without labels.
    pub(super) fn is_scalar(&self) -> bool {
        match self {
            Self::Number(_) => true,
            Self::Negated(inner) => inner.is_scalar(),
            Self::Binary(binary) => binary.left.is_scalar() && binary.right.is_scalar(),
            Self::Call { function, .. } => matches!(function.as_str(), "scalar" | "time" | "pi"),
            Self::Text(_) | Self::Selector(_) | Self::Subquery(_) | Self::Aggregate { .. } => false,
        }
    }

    /// Returns the value of an expression made of numbers only.
    pub(super) fn constant(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Negated(inner) => inner.constant().map(|number| -number),
            Self::Binary(binary) => {
                let (left, right) = (binary.left.constant()?, binary.right.constant()?);
                match binary.operator.as_str() {
                    "+" => Some(left + right),
                    "-" => Some(left - right),
                    "*" => Some(left * right),
                    "/" => Some(left / right),
                    "%" => Some(left % right),
                    "^" => Some(left.powf(right)),
                    _ => None,
                }
            }
            Self::Call { function, arguments } => match (function.as_str(), arguments.as_slice()) {
                ("scalar" | "vector", [inner]) => inner.constant(),
                _ => None,
            },
            Self::Text(_) | Self::Selector(_) | Self::Subquery(_) | Self::Aggregate { .. } => None,
        }
    }
}

/// Tells whether an operator compares.
pub(super) fn compares(operator: &str) -> bool {
    matches!(operator, "==" | "!=" | "<" | "<=" | ">" | ">=")
}

/// Holds the text against the limits before anything is built from it.
fn measure(text: &str) -> Result<(), ExprError> {
    if text.len() > MAX_BYTES {
        let problem = format!("longer than {MAX_BYTES} bytes");
        return Err(ExprError::TooLarge(problem));
    }
    let (mut operators, mut open, mut quote) = (0, 0_usize, None);
    let mut in_braces = false;
    let mut characters = text.char_indices().peekable();
    let mut word = String::new();
    while let Some((at, character)) = characters.next() {
        if let Some(end) = quote {
            match character {
                '\\' if end != '`' => drop(characters.next()),
                _ if character == end => quote = None,
                _ => {}
            }
            continue;
        }
        if character.is_ascii_alphanumeric() || matches!(character, '_' | ':' | '.') {
            word.push(character);
            continue;
        }
        // A sign may belong to an exponent: `1e+300`.
        if matches!(character, '+' | '-') && exponent(&word) {
            word.push(character);
            operators += 1;
            continue;
        }
        operators += count(&std::mem::take(&mut word), &text[..at])?;
        match character {
            '"' | '\'' | '`' => quote = Some(character),
            '#' => while characters.next_if(|(_, next)| *next != '\n').is_some() {},
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' => open = open.saturating_sub(1),
            '+' | '-' | '*' | '/' | '%' | '^' | '=' | '<' | '>' | '!' if !in_braces => {
                operators += 1;
            }
            _ => {}
        }
        in_braces = character == '{' || in_braces && character != '}';
        if open > MAX_OPEN {
            return Err(ExprError::TooLarge(format!("nested deeper than {MAX_OPEN} brackets")));
        }
    }
    operators += count(&word, text)?;
    if operators > MAX_OPERATORS {
        let problem = format!("more than {MAX_OPERATORS} operators");
        return Err(ExprError::TooLarge(problem));
    }
    Ok(())
}

fn exponent(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_digit()) && word.ends_with(['e', 'E'])
}

/// Counts a word as an operator; refuses a number where only a duration can stand that no duration
/// holds.
fn count(word: &str, before: &str) -> Result<usize, ExprError> {
    let is_number = word.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    if is_number {
        let before = before.trim_end().strip_suffix(word).unwrap_or(before).trim_end();
        let before = before.trim_end_matches(['-', '+']).trim_end();
        let is_range = before.ends_with(['[', ':']) || before.ends_with("offset");
        let too_long = word.split(':').any(|part| {
            part.parse::<f64>().is_ok_and(|seconds| seconds.is_nan() || seconds > MAX_SECONDS)
        });
        if is_range && too_long {
            let problem = format!("`{word}` is longer than any duration");
            return Err(ExprError::Invalid(problem));
        }
        return Ok(0);
    }
    let word = word.to_ascii_lowercase();
    Ok(usize::from(matches!(word.as_str(), "and" | "or" | "unless" | "atan2")))
}

fn convert(parsed: &Parsed) -> Expr {
    match parsed {
        Parsed::NumberLiteral(number) => Expr::Number(number.val),
        Parsed::StringLiteral(text) => Expr::Text(text.val.clone()),
        Parsed::VectorSelector(selector) => Expr::Selector(selector_of(selector, None)),
        Parsed::MatrixSelector(matrix) => {
            Expr::Selector(selector_of(&matrix.vs, Some(matrix.range.as_secs_f64())))
        }
        Parsed::Subquery(subquery) => Expr::Subquery(Box::new(convert(&subquery.expr))),
        Parsed::Paren(inner) => convert(&inner.expr),
        Parsed::Unary(unary) => Expr::Negated(Box::new(convert(&unary.expr))),
        Parsed::Aggregate(aggregate) => Expr::Aggregate {
            operator: aggregate.op.to_string(),
            inner: Box::new(convert(&aggregate.expr)),
            parameter: aggregate.param.as_ref().map(|inner| Box::new(convert(inner))),
            grouping: grouping_of(aggregate.modifier.as_ref()),
        },
        Parsed::Binary(binary) => Expr::Binary(Box::new(binary_of(binary))),
        Parsed::Call(call) => Expr::Call {
            function: call.func.name.to_owned(),
            arguments: call.args.args.iter().map(|argument| convert(argument)).collect(),
        },
        // The parser never makes one; it is a hook for other programs.
        Parsed::Extension(_) => Expr::Number(f64::NAN),
    }
}

fn binary_of(binary: &BinaryExpr) -> Binary {
    let modifier = binary.modifier.as_ref();
    let many = modifier.and_then(|modifier| match &modifier.card {
        VectorMatchCardinality::ManyToOne(labels) => Some((Many::Left, labels.labels.clone())),
        VectorMatchCardinality::OneToMany(labels) => Some((Many::Right, labels.labels.clone())),
        VectorMatchCardinality::OneToOne | VectorMatchCardinality::ManyToMany => None,
    });
    Binary {
        operator: binary.op.to_string(),
        left: convert(&binary.lhs),
        right: convert(&binary.rhs),
        is_bool: modifier.is_some_and(|modifier| modifier.return_bool),
        matching: grouping_of(modifier.and_then(|modifier| modifier.matching.as_ref())),
        many,
    }
}

fn grouping_of(modifier: Option<&LabelModifier>) -> Grouping {
    match modifier {
        None => Grouping::None,
        Some(LabelModifier::Include(labels)) => Grouping::Only(labels.labels.clone()),
        Some(LabelModifier::Exclude(labels)) => Grouping::AllBut(labels.labels.clone()),
    }
}

fn selector_of(selector: &VectorSelector, window: Option<f64>) -> Selector {
    let mut metric = selector.name.clone();
    let mut matchers = Vec::new();
    for parsed in &selector.matchers.matchers {
        let kind = match parsed.op {
            MatchOp::Equal => MatchKind::Equal,
            MatchOp::NotEqual => MatchKind::NotEqual,
            MatchOp::Re(_) => MatchKind::Pattern,
            MatchOp::NotRe(_) => MatchKind::NotPattern,
        };
        if parsed.name == "__name__" {
            if kind == MatchKind::Equal {
                metric = Some(parsed.value.clone());
            }
            continue;
        }
        matchers.push(Matcher {
            label: parsed.name.clone(),
            value: parsed.value.clone(),
            kind,
            parsed: parsed.clone(),
        });
    }
    Selector { metric, matchers, window }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ranges_and_matchers_are_read() {
        let expr = Expr::parse(r#"sum by (a) (rate(x_total{a="1",b=~"5.."}[5m])) > 2"#).unwrap();
        let selectors = expr.selectors();
        assert_eq!(selectors[0].metric.as_deref(), Some("x_total"));
        assert_eq!(selectors[0].window, Some(300.0));
        assert!(selectors[0].matchers[1].fits("503") && !selectors[0].matchers[1].fits("5030"));
    }

    #[test]
    fn what_prometheus_refuses_is_refused() {
        for wrong in ["", "sum(", "rate(x)", "x[5m]+1", "x and 1", "1 > 2", "foo(x)", "x{a=1}"] {
            assert!(matches!(Expr::parse(wrong), Err(ExprError::Invalid(_))), "{wrong}");
        }
    }

    #[test]
    fn nothing_makes_the_parser_panic_or_the_stack_grow() {
        let deep = format!("{}x{}", "(".repeat(70), ")".repeat(70));
        let long = vec!["x"; 1000].join(" + ");
        let signs = format!("{}x", "-".repeat(5000));
        for text in [&deep, &long, &signs, &"x".repeat(MAX_BYTES + 1)] {
            assert!(matches!(Expr::parse(text), Err(ExprError::TooLarge(_))));
        }
        for text in ["x[1e300]", "x[1e+300]", "x offset 1e300", "x[5m:1e300]", "x offset - 9e99"] {
            assert!(Expr::parse(text).is_err(), "{text}");
        }
        assert!(Expr::parse("foo > -1e300").is_ok());
        assert!(Expr::parse(&vec!["x"; 200].join(" or ")).is_ok());
    }
}
